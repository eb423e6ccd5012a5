"""The HTTP door. `wire` is the JSON of a hit and is light; `app` loads the web framework."""
