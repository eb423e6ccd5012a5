// The picture of a timeline: plus and minus zoom, the arrows move, zero shows all of it.
"use strict";

const LEFT = 10, WIDTH = 580, MIN_SPAN = 1e-4;

function makeZoomable(place) {
  const first = Date.parse(place.dataset.first), last = Date.parse(place.dataset.last);
  const marks = [...place.querySelectorAll("[data-share]")];
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  let start = 0, span = 1;

  const timeAt = (share) => format.format(new Date(first + share * (last - first)));

  function show() {
    span = Math.min(1, Math.max(MIN_SPAN, span));
    start = Math.min(1 - span, Math.max(0, start));
    let shown = 0;
    for (const mark of marks) {
      const share = (Number(mark.dataset.share) - start) / span;
      const isShown = share >= -1e-9 && share <= 1 + 1e-9;
      mark.toggleAttribute("hidden", !isShown);
      shown += isShown;
      const x = LEFT + WIDTH * share;
      if (mark.tagName === "rect") mark.setAttribute("x", x - 5); else mark.setAttribute("cx", x);
    }
    place.querySelector(".from").textContent = timeAt(start);
    place.querySelector(".to").textContent = timeAt(start + span);
    announce(`${shown} entries from ${timeAt(start)} to ${timeAt(start + span)}`);
  }

  const zoom = (factor) => { start += span * (1 - factor) / 2; span *= factor; show(); };
  const move = (share) => { start += span * share; show(); };
  const all = () => { start = 0; span = 1; show(); };
  const acts = {
    "+": () => zoom(1 / 2), "=": () => zoom(1 / 2), "-": () => zoom(2),
    "ArrowLeft": () => move(-1 / 2), "ArrowRight": () => move(1 / 2), "0": all,
  };
  place.addEventListener("keydown", (event) => {
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  place.setAttribute("aria-label", `${place.getAttribute("aria-label")}. Plus and minus zoom, arrows move, zero shows all`);
  const buttons = document.createElement("p");
  buttons.className = "no-print";
  buttons.append(...[["Zoom in", "+"], ["Zoom out", "-"], ["Earlier", "ArrowLeft"], ["Later", "ArrowRight"], ["All", "0"]]
    .map(([label, key]) => makeButton(label, "quiet", acts[key])));
  place.append(buttons);
}

document.querySelectorAll(".timeline").forEach(makeZoomable);
