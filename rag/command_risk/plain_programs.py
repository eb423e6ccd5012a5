"""Programs whose name tells what they do, but for an option or two."""

from __future__ import annotations

from rag.command_risk.options import has
from rag.command_risk.words import word_set
from rag.domain.documents import Risk

# Programs that only look, whatever their arguments.
READERS = word_set(
    "cat less more head tail grep egrep fgrep zgrep rg cut wc tr jq column "
    "diff ls pwd whoami id uname uptime df du free top htop iotop vmstat iostat "
    "mpstat ps pgrep pstree lsof netstat dig nslookup host ping traceroute mtr stat "
    "file which type printenv echo printf true false cd export last w who lscpu "
    "lsblk lspci sha256sum md5sum base64 pg_isready test sleep"
)
# Programs that look, but for some options: those that change, and those that destroy.
READERS_BUT: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "dmesg": (
        word_set("-D --console-off -E --console-on -n --console-level"),
        word_set("-C -c --clear --read-clear"),
    ),
    "hostname": (word_set("-F --file -b --boot"), frozenset()),
    "journalctl": (
        word_set("--rotate --flush --sync --relinquish-var --smart-relinquish-var --setup-keys"),
        word_set("--vacuum-size --vacuum-time --vacuum-files"),
    ),
    "ss": (word_set("-K --kill"), frozenset()),
    "sort": (word_set("-o --output"), frozenset()),
    "uniq": (frozenset(), frozenset()),
    "sar": (word_set("-o"), frozenset()),
    "tcpdump": (word_set("-w -z"), frozenset()),
    "yq": (word_set("-i --inplace"), frozenset()),
}
# Programs that change something, whatever their arguments.
WRITERS = word_set(
    "cp mv mkdir touch chmod chown ln install tar gzip gunzip unzip scp sftp kill pkill "
    "killall useradd usermod passwd apt apt-get yum dnf pip npm mount umount reboot swapon "
    "swapoff renice pg_restore pg_ctl pg_resetwal make ansible ansible-playbook tee"
)
DESTROYERS = word_set(
    "rm rmdir dd mkfs shred truncate wipefs fdisk parted dropdb dropuser shutdown halt poweroff"
)


def of_reader(name: str, arguments: list[str]) -> Risk:
    changes, destroys = READERS_BUT[name]
    if has(arguments, destroys):
        return Risk.DESTRUCTIVE
    plain = [word for word in arguments if not word.startswith("-")]
    named = (name == "hostname" and plain) or (name == "uniq" and len(plain) > 1)
    return Risk.MUTATING if named or has(arguments, changes) else Risk.READ_ONLY
