"""What a shell command would do: read, change, destroy, or nobody knows.

A chain is as risky as its riskiest part, and a program that is not in the tables is unknown,
never read-only: what is told of a command may be too dark, not too bright.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from rag.domain import Risk

_SEVERITY = (Risk.READ_ONLY, Risk.UNKNOWN, Risk.MUTATING, Risk.DESTRUCTIVE)
# What is told of a command: its risk, a command line inside it, the words of a simple command
# inside it, or several of these.
_Told = Risk | str | list[str] | tuple["_Told", ...]
# Beyond these, a command is too deeply nested for a runbook, and at best it changes something.
_MOST_LINES = 32
_MOST_STEPS = 2000
# A verb stands among the first words.
_MOST_WORDS = 32


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class _Tool:
    """A program of many verbs; every verb that neither reads nor destroys changes something.

    A verb stands behind the words of its group, as in `rollout status`. `valued` are options whose
    value is the next word, `switches` those that have none: of others, nobody knows.
    """

    reads: frozenset[tuple[str, ...]]
    groups: frozenset[tuple[str, ...]]
    destroys: frozenset[str]
    valued: frozenset[str]
    switches: frozenset[str]


def _tool(reads: str, destroys: str = "", valued: str = "", switches: str = "") -> _Tool:
    """Reads are verbs, or groups and their verbs: `get`, `rollout:status,history`."""
    paths = frozenset(path for entry in reads.split() for path in _paths(entry))
    return _Tool(
        reads=paths,
        groups=frozenset(
            tuple(entry.split(":")[0].split("/")[:length])
            for entry in reads.split()
            if ":" in entry
            for length in range(1, entry.count("/") + 2)
        ),
        destroys=_words(destroys),
        valued=_words(valued),
        switches=_words(switches) | _words("--debug --verbose --quiet"),
    )


def _paths(entry: str) -> Iterator[tuple[str, ...]]:
    group, _, verbs = entry.rpartition(":")
    before = tuple(group.split("/")) if group else ()
    return ((*before, verb) for verb in verbs.split(","))


# Programs that only look, whatever their arguments.
_READERS = _words(
    "cat less more head tail grep egrep fgrep zgrep rg cut wc tr jq column "
    "diff ls pwd whoami id uname uptime df du free top htop iotop vmstat iostat "
    "mpstat ps pgrep pstree lsof netstat dig nslookup host ping traceroute mtr stat "
    "file which type printenv echo printf true false cd export last w who lscpu "
    "lsblk lspci sha256sum md5sum base64 pg_isready test sleep"
)
# Programs that look, but for some options: those that change, and those that destroy.
_READERS_BUT: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "dmesg": (
        _words("-D --console-off -E --console-on -n --console-level"),
        _words("-C -c --clear --read-clear"),
    ),
    "hostname": (_words("-F --file -b --boot"), frozenset()),
    "journalctl": (
        _words("--rotate --flush --sync --relinquish-var --smart-relinquish-var --setup-keys"),
        _words("--vacuum-size --vacuum-time --vacuum-files"),
    ),
    "ss": (_words("-K --kill"), frozenset()),
    "sort": (_words("-o --output"), frozenset()),
    "uniq": (frozenset(), frozenset()),
    "sar": (_words("-o"), frozenset()),
    "tcpdump": (_words("-w -z"), frozenset()),
    "yq": (_words("-i --inplace"), frozenset()),
}
# Programs that change something, whatever their arguments.
_WRITERS = _words(
    "cp mv mkdir touch chmod chown ln install tar gzip gunzip unzip scp sftp kill pkill "
    "killall useradd usermod passwd apt apt-get yum dnf pip npm mount umount reboot swapon "
    "swapoff renice pg_restore pg_ctl pg_resetwal make ansible ansible-playbook tee"
)
_DESTROYERS = _words(
    "rm rmdir dd mkfs shred truncate wipefs fdisk parted dropdb dropuser shutdown halt poweroff"
)
# What the shell itself does, and what changes nothing outside it. Some are words of every day:
# none of them makes a line of prose a command.
_BUILTINS = _words(": [ [[ break continue exit read local declare readonly set shift wait done fi")
# What stands before a command in a compound one.
_OPENERS = _words("if while until then do else elif !")
# What feeds a command: the word behind it is no word of the command.
_FED = _words("< << <<- <<<")
_LOOPS = (_words("for while until case if select"), _words("done esac fi"))

_DOCKER_READS = "ls list ps inspect history logs top stats port diff"
_DOCKER_GROUPS = "image container volume network node service stack context config secret plugin"
_IP_NOUNS = "addr a address route r link l neigh n neighbour rule netns maddr"
_VERBS: dict[str, _Tool] = {
    "kubectl": _tool(
        "get describe logs top explain api-resources api-versions version cluster-info diff "
        "events wait port-forward whoami auth:can-i,whoami rollout:status,history "
        "config:view,get-contexts,get-clusters,get-users,current-context plugin:list",
        "delete drain",
        "-n --namespace --context --cluster --kubeconfig --user --as --as-group --as-uid --token "
        "-s --server --request-timeout --cache-dir --certificate-authority --client-certificate "
        "--client-key --tls-server-name --username --password -v --v --vmodule -l --selector "
        "-c --container -f --filename -o --output --pod-running-timeout --image --target",
        "-A --all-namespaces --insecure-skip-tls-verify --match-server-version "
        "--warnings-as-errors -i -t -it -ti --stdin --tty -q -w",
    ),
    "helm": _tool(
        "list ls status get history show search template lint diff version env repo:list,ls "
        "plugin:list,ls dependency:list,ls",
        "uninstall delete un del",
        "-n --namespace --kube-context --kubeconfig --kube-apiserver --kube-token "
        "--kube-as-user --registry-config --repository-config --repository-cache",
    ),
    "docker": _tool(
        "ps images logs inspect stats top version info events port history diff search "
        "system:df,info,events compose:ps,ls,logs,top,images,config,exec,run "
        + " ".join(f"{g}:{_DOCKER_READS.replace(' ', ',')}" for g in _DOCKER_GROUPS.split()),
        "rm rmi prune kill",
        "-H --host -c --context --config -l --log-level --tlscacert --tlscert --tlskey -f --file "
        "-p --project-name --profile --env-file --project-directory -e --env -u --user -w "
        "--workdir --detach-keys -v --volume --publish --name --network --net --entrypoint "
        "-h --hostname -m --memory --cpus --mount --label --restart --platform --pull --add-host "
        "--cap-add --device --dns --tmpfs --volumes-from --gpus --pid --ipc --security-opt --index",
        "-D --tls --tlsverify -i -t -it -ti -d -T --rm",
    ),
    "crictl": _tool(
        "ps pods images logs inspect inspectp inspecti stats statsp version info img",
        "rm rmi rmp",
        "-c --config -r --runtime-endpoint -i --image-endpoint -t --timeout",
        "-D",
    ),
    "systemctl": _tool(
        "status show cat help list-units list-timers list-unit-files list-sockets list-jobs "
        "list-dependencies is-active is-enabled is-failed is-system-running get-default",
        "poweroff halt",
        "-H --host -M --machine -t --type -p --property -n --lines -o --output --state -s "
        "--signal --root --kill-whom",
        "--user --system --no-pager --all -a -l --full --failed -q --now",
    ),
    "git": _tool(
        "log show diff status blame fetch ls-files ls-remote rev-parse grep describe "
        "stash:list,show remote:show,get-url",
        "clean rm",
        "-C -c --git-dir --work-tree --namespace",
        "--no-pager -P -p --paginate",
    ),
    "argocd": _tool(
        "version app:get,list,diff,history,logs,manifests,wait,resources "
        "proj:get,list cluster:get,list repo:get,list account:get,list,get-user-info,can-i "
        "appset:get,list",
        "delete rm remove",
        "--server --auth-token --config --argocd-context --kube-context --header -H --logformat "
        "--loglevel --server-crt --controller-name --redis-name --port-forward-namespace",
        "--grpc-web --insecure --plaintext --core --port-forward",
    ),
    "vault": _tool(
        "status read list version kv:get,list kv/metadata:get,list token:lookup,capabilities "
        "operator:members,key-status operator/raft:list-peers operator/raft/snapshot:inspect "
        "auth:list,help secrets:list policy:list,read lease:lookup audit:list plugin:list,info "
        "namespace:list,lookup",
        "delete destroy seal init restore disable revoke step-down",
        "-address -namespace -ca-cert -client-cert -client-key -mount -field -format",
    ),
    "terraform": _tool(
        "plan show output validate version providers graph state:list,show,pull "
        "workspace:list,show",
        "destroy rm",
        "-chdir",
    ),
    "patronictl": _tool(
        "list topology history show-config version dsn",
        "remove reinit flush",
        "-c --config-file -d --dcs-url",
        "-k --insecure",
    ),
    "pgbackrest": _tool(
        "info check version",
        "restore expire stanza-delete",
        "--stanza --repo --config --type --target --set --log-level-console",
        "--delta --force",
    ),
    "etcdctl": _tool(
        "get version watch endpoint:health,status,hashkv alarm:list member:list snapshot:status "
        "user:list,get role:list,get lease:list,timetolive",
        "del restore",
        "--endpoints --cacert --cert --key --user --password -w --write-out --command-timeout "
        "--dial-timeout --keepalive-time -d --discovery-srv",
        "--hex --insecure-skip-tls-verify",
    ),
    "rabbitmqctl": _tool(
        "status list_queues list_connections list_channels list_consumers list_exchanges "
        "list_bindings list_users list_vhosts list_permissions list_policies cluster_status "
        "environment report ping node_health_check",
        "reset force_reset forget_cluster_node",
        "-n --node -t --timeout -p --vhost",
        "-q -s --silent -l --longnames",
    ),
    "redis-cli": _tool(
        "info ping echo time role dbsize lastsave monitor subscribe psubscribe get mget strlen "
        "getrange exists keys scan ttl pttl expiretime type dump randomkey llen lrange lindex lpos "
        "scard smembers sismember sscan srandmember zcard zrange zrevrange zrangebyscore zscore "
        "zrank zcount zscan hget hmget hgetall hkeys hvals hlen hexists hscan xlen xrange "
        "xrevrange xpending pfcount getbit bitcount "
        "client:list,info,getname,id config:get slowlog:get,len memory:usage,stats,doctor "
        "object:encoding,freq,idletime,refcount latency:latest,history,doctor,graph,histogram "
        "sentinel:get-master-addr-by-name,masters,master,replicas,slaves,sentinels,ckquorum,myid "
        "cluster:info,nodes,slots,shards,keyslot,countkeysinslot,getkeysinslot,links,myid "
        "acl:list,whoami,cat,getuser,users script:exists pubsub:channels,numsub,numpat "
        "xinfo:stream,groups,consumers module:list function:list,stats command:count,info,docs "
        "--cluster:check,info,help",
        "flushall flushdb del unlink getdel shutdown flush debug replicaof slaveof remove "
        "del-node reset",
        "-h -p -s -t -a -u -r -i -n -d -D -X --user --pass --sni --cacert --cacertdir --cert --key "
        "--pattern --quoted-pattern --count --memkeys-samples --show-pushes --eval --rdb "
        "--functions-rdb --lru-test --intrinsic-latency --tls-ciphers --keystats-samples",
        "--tls --insecure --raw --no-raw --csv --json --no-auth-warning --askpass -c -x -e -2 -3 "
        "--bigkeys --memkeys --hotkeys --keystats --stat --scan --latency --latency-history "
        "--latency-dist --pipe --quoted-input",
    ),
    "openssl": _tool("s_client x509 verify version crl ocsp ciphers asn1parse dgst"),
    "amtool": _tool(
        "alert silence check-config alert:query silence:query config:show config/routes:show,test "
        "cluster:show template:render",
        "",
        "--alertmanager.url --config.file --timeout -o --output --http.config.file",
    ),
    "promtool": _tool(
        "check:config,rules,metrics,service-discovery,web-config,healthy,ready test:rules "
        "query:instant,range,series,labels,analyze debug:pprof,metrics,all "
        "tsdb:analyze,list,dump"
    ),
    "ip": _tool(
        "monitor netns:exec "
        + " ".join(f"{noun} {noun}:show,list,ls,lst,sh,s,get" for noun in _IP_NOUNS.split()),
        "del delete flush",
        "-n -netns -f -family -b -batch -rc -rcvbuf -l -loops",
        "-s -br -4 -6 -j -d -o -c -p -a -r -stats -brief -json -details -oneline -color -all",
    ),
}
_VERBS["oc"] = _VERBS["kubectl"]
_VERBS["k"] = _VERBS["kubectl"]
_VERBS["podman"] = _VERBS["docker"]
# Options that make a change a destruction: what stands in the way is thrown away.
_FORCES = _words("--force --force-conflicts --prune --replace --purge --delete --hard --volumes")
_GIT_FORCES = _words("--hard --force -f --force-with-lease --delete -d -D --mirror")
_FORCIBLE = _words("kubectl oc k helm argocd docker podman aws")
_DRY_RUNS = _words("kubectl oc k helm argocd git")
_DRY_RUN = re.compile(r"--dry-run(?:=(?:client|server|true))?")
_REDIS_LOOKS = _words(
    "--bigkeys --memkeys --hotkeys --keystats --stat --scan --latency --latency-history "
    "--latency-dist"
)
# The verbs of cloud tools, of which there are thousands.
_CLOUDS = _words("aws gcloud az")
_CLOUD_LOOKS = re.compile(
    r"(?:list|ls|describe|show|read|tail|wait|get|(?:list|get|describe|show|head|filter)-[\w-]+)"
)
_CLOUD_CHANGES = re.compile(
    r"(?:create|start|stop|restart|reset|reboot|update|set|add|import|export|deploy|resize|scale|"
    r"attach|detach|patch|apply|enable|disable|move|suspend|resume|ssh|scp|failover|promote|clone|"
    r"run|call|publish|upload|rollback|cancel|invoke|submit|rotate|restore)(?:-[\w-]+)?"
)
_DESTROYING_WORD = re.compile(r"(?:delete|destroy|remove|purge|drop|wipe|rm|del)(?:[-_][\w-]*)?")
_CLOUD_DESTROYS = re.compile(
    r"(?:delete|destroy|terminate|remove|purge|drop|wipe|rm|rb|deregister)[\w-]*"
)
_DESTROYING_MARK = re.compile(r"[^=]*(?:delete|destroy|purge|wipe|evict)[^=]*=.*", re.I | re.S)

_SQL_DESTROYS = re.compile(r"\b(drop|truncate|delete)\b", re.IGNORECASE)
_SQL_CHANGES = re.compile(
    r"\b(insert|update|alter|create|grant|revoke|vacuum|reindex|cluster|copy|call|do|merge|set|"
    r"into|lock|refresh)\b",
    re.IGNORECASE,
)
_SQL_READS = re.compile(
    r"(?:select|explain|show|with|table|values|describe|desc)\b|"
    r"\\(?:d\w*|l|x|timing|conninfo|pset|sf|sv|z|c|connect|q|h|echo|a|t)(?:\+|\b)",
    re.IGNORECASE,
)
# First words of statements, those of consoles of poolers and of other databases among them.
_SQL_STARTS_CHANGE = _words(
    "analyze comment reset discard checkpoint load notify replace rename kill flush optimize "
    "repair start stop change install prepare execute import attach detach reload pause resume "
    "suspend disable enable reconnect wait_close reassign security"
)
_SQL_STARTS_DESTRUCTION = _words("purge shutdown")
_SQL_PIECE = re.compile(
    r"""(?P<comment>--(?:[ \t][^\n]*)?(?=\n|$))|(?P<literal>'(?:[^']|'')*')|"(?:[^"]|"")*\""""
)
# Where one of these stands, no literal's end is sure.
_SQL_UNSURE = re.compile(r"\\|\$\w*\$|/\*")
_SQL_NAMED = re.compile(r"\bwith\s+(?:recursive\s+)?\w+\s*\(", re.IGNORECASE)
_SQL_CALL = re.compile(r"(?<!\bas\s)(?<![\w.$])([a-z_][\w.$]*)\s*\(", re.IGNORECASE)
# What stands before a parenthesis and is no function, or one that computes alone.
_SQL_PLAIN = _words(
    "in and or not exists any all some values as from select where on using over filter by join "
    "lateral union case when then else end interval array row with materialized recursive explain "
    "analyze having like ilike between is distinct limit offset except intersect group sets "
    "rollup cube numeric decimal varchar char character varying timestamp timestamptz time bit "
    "table show count sum min max avg now age coalesce nullif greatest least round floor ceil "
    "ceiling trunc abs sign mod power sqrt ln log exp random width_bucket stddev variance "
    "percentile_cont percentile_disc mode corr bool_and bool_or every string_agg json_agg "
    "jsonb_agg row_number rank dense_rank ntile lag lead first_value last_value length "
    "char_length octet_length lower upper trim ltrim rtrim btrim left right substr substring "
    "position strpos replace split_part concat concat_ws format lpad rpad repeat reverse "
    "translate md5 sha256 encode decode quote_ident quote_literal cast convert extract date_part "
    "date_trunc date_bin make_interval justify_hours clock_timestamp statement_timestamp "
    "transaction_timestamp current_setting current_database current_schema current_user version "
    "unnest cardinality generate_series jsonb_set array_remove pg_logical_slot_peek_changes "
    "array_replace row_to_json to_regclass obj_description col_description inet_server_addr "
    "inet_client_addr txid_current txid_current_if_assigned format_type hashtext unix_timestamp "
    "from_unixtime ifnull if isnull date datediff timestampdiff group_concat curdate"
)
_SQL_LOOKS = re.compile(
    r"pg_(?:stat|get|is|current|last|size|blocking|safe_snapshot|walfile|ls|index|table|database|"
    r"relation|total|tablespace|column|wal_lsn|postmaster|conf|backend_pid|my|encoding|char|"
    r"typeof|describe|identify|filenode|replication_slots|logical_slot_peek|xact|snapshot|sleep|"
    r"control|buffercache)[\w]*|"
    r"(?:json|jsonb|array|string|to|regexp|date|has|txid|age|inet)_\w+"
)
_SQL_CHANGING_PARTS = _words(
    "terminate cancel reload rotate promote advance create copy set setval nextval notify lock "
    "unlock pause resume switch import export put write move update insert upsert enable disable "
    "attach detach start stop restore sync exec execute refresh run backup kill add alter grant "
    "revoke rename apply reset clear flush send publish changes failover config"
)
_SQL_DESTROYING_PARTS = _words("drop delete unlink truncate purge remove destroy wipe")
_SQL_PROGRAMS = _words("psql mysql mariadb sqlite3 clickhouse-client cockroach")
_SQL_STATEMENTS = _words("--command --execute --query")
_SQL_BUNDLES = {"psql": "c", "clickhouse-client": "q", "sqlite3": ""}
_SQL_VALUED = _words(
    "-h -p -U -d -f -v -P -o -L -F -R -T -u -D -S --host --port --username --dbname --file --set "
    "--variable --pset --output --user --database"
)
_SQL_FROM_FILE = re.compile(r"-[0-9A-Za-z]{0,6}f|--file(?:=.*)?|<", re.DOTALL)
_SQL_LOOKING = _words("-l --list -V --version --help")
_CONNECTION = re.compile(r"\s*\w+=\S+(?:\s+\w+=\S+)*\s*")

# Programs that start another one: their options with values, and how many words of their own
# stand before that program.
_PREFIXES: dict[str, tuple[frozenset[str], int]] = {
    "sudo": (
        _words(
            "-u -g -h -p -C -D -R -r -t -T -U --user --group --host --prompt --chdir --chroot "
            "--close-from --role --type --command-timeout --other-user"
        ),
        0,
    ),
    "doas": (_words("-u -C"), 0),
    "env": (_words("-u -C --unset --chdir"), 0),
    "time": (_words("-f -o --format --output"), 0),
    "watch": (_words("-n --interval -q --equexit"), 0),
    "nohup": (frozenset(), 0),
    "setsid": (frozenset(), 0),
    "nice": (_words("-n --adjustment"), 0),
    "ionice": (_words("-c -n --class --classdata"), 0),
    "timeout": (_words("-s -k --signal --kill-after"), 1),
    "chroot": (_words("--userspec --groups"), 1),
    "taskset": (frozenset(), 1),
    "nsenter": (_words("-t --target -S --setuid -G --setgid"), 0),
    "xargs": (
        _words(
            "-I -n -P -L -d -E -s -a --max-args --max-procs --max-lines --delimiter --arg-file "
            "--max-chars"
        ),
        0,
    ),
    "command": (frozenset(), 0),
    "exec": (_words("-a"), 0),
    "stdbuf": (_words("-i -o -e --input --output --error"), 0),
    "strace": (_words("-p -e -o -s -u -E -a -b -I -O -P -S -X --attach --trace --output"), 0),
}
_LOOKING_ALONE = _words("env strace xargs time")
_SHELLS = _words("sh bash zsh dash ash ssh su")
_INNER = _words("kubectl oc k docker podman crictl ip")
_SSH_VALUES = _words("-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=.*", re.DOTALL)
# A shell's text piece by piece: what is quoted or escaped says nothing of what it writes.
_PIECE = re.compile(
    r"""
    (?P<quoted>'[^']*'|"(?:\\.|[^"\\])*"|\\.)
    |(?P<comment>(?<!\S)\#[^\n]*)
    |(?P<filled_in>
        (?<=[/=:@.-])<[A-Za-z][\w-]*>
        |(?<!\S)<[A-Za-z][\w-]*>(?=$|[\s,;:)|&@-]|/<))
    |(?P<to_nothing>(?:\d|&)?>{1,2}\s*(?:/dev/(?:null|stdout|stderr)(?![\w/.-])|&\s*[\d-]))
    |(?P<writes>(?:\d|&)?(?:<>|>)[>|&]?(?:\s*(?:'[^']*'|"[^"]*"|[^\s;|&()<>'"]+))?)
    """,
    re.VERBOSE | re.DOTALL,
)
_SUBSTITUTION = re.compile(r"\$\(\(([^()]*)\)\)|\$\(([^()]*)\)|`([^`]*)`|[<>]\(([^()]*)\)")
_PUNCTUATION = frozenset(";|&()\n")
_SEPARATOR = frozenset({"{", "}", "!"})


def classify(command: str) -> Risk:
    """The risk of a command line as a runbook prints it; never raises."""
    risks: list[Risk] = []
    todo: list[_Told] = [command]
    lines = steps = 0
    while todo:
        told = todo.pop()
        steps += 1
        if lines > _MOST_LINES or steps > _MOST_STEPS:
            return _worst([*risks, Risk.MUTATING])
        if isinstance(told, Risk):
            risks.append(told)
        elif isinstance(told, str):
            lines += 1
            todo += _of_line(told)
        elif isinstance(told, tuple):
            todo += told
        else:
            todo.append(_of_part(told))
    return _worst(risks)


def classify_sql(statement: str) -> Risk:
    """The risk of SQL statements."""
    bare = _sql_without_literals(statement)
    risk = _worst([_of_statement(one) for one in bare.split(";") if one.strip()])
    # What a change says in its literals may be SQL as well, or a name.
    if risk is not Risk.READ_ONLY and _SQL_DESTROYS.search(statement):
        return Risk.DESTRUCTIVE
    return risk


def is_known_program(word: str) -> bool:
    """Whether the tables know what a word does as a program."""
    name = _name(word)
    return (
        name in _VERBS
        or name in _READERS | _WRITERS | _DESTROYERS | _SQL_PROGRAMS | _SHELLS | _CLOUDS
        or name in _READERS_BUT
        or name in _PREFIXES
        or name in _SPECIAL
        or name.startswith(("kafka-", "mkfs."))
    )


def _name(word: str) -> str:
    return word.rsplit("/", 1)[-1]


def _worst(risks: Sequence[Risk]) -> Risk:
    return max(risks, key=_SEVERITY.index, default=Risk.UNKNOWN)


# The text of a shell.


def _of_line(command: str) -> list[_Told]:
    told: list[_Told] = []
    text, inside = _without_substitutions(re.sub(r"\\\n", " ", command))
    told += inside
    text, writes = _without_redirections(text)
    parts = _parts(text)
    told += parts
    if writes:
        told.append(Risk.MUTATING)
    keywords = [word for part in parts for word in _keywords(part)]
    opened, closed = (sum(word in words for word in keywords) for words in _LOOPS)
    if opened != closed:  # the rest of it stands on other lines
        told.append(Risk.UNKNOWN)
    if any(_is_fed_sql(part) for part in parts):
        told.append(_of_fed_sql(command))
    return told


def _without_substitutions(command: str) -> tuple[str, list[str]]:
    """The text with a word for each substitution, and the command lines inside them."""
    inside: list[str] = []

    def taken_out(found: re.Match[str]) -> str:
        inside.extend(line for line in found.groups()[1:] if line)
        return "_" if found[1] is None else "0"

    for _ in range(_MOST_LINES):  # the innermost first
        command, count = _SUBSTITUTION.subn(taken_out, command)
        if not count:
            break
    return command, inside


def _without_redirections(text: str) -> tuple[str, bool]:
    """The text without comments, redirections and words to be filled in; whether it writes."""
    writes = False

    def kept(found: re.Match[str]) -> str:
        nonlocal writes
        writes = writes or found["writes"] is not None
        if found["quoted"] is not None:
            # `find` knows two ends of what it executes, and only one of them separates.
            return " + " if found[0] in ("\\;", "';'", '";"') else found[0]
        return "_" if found["filled_in"] else " "

    return _PIECE.sub(kept, text), writes


def _parts(text: str) -> list[list[str]]:
    """The simple commands of a line, as words."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # an unclosed quote
        words = re.findall(r"[^\s;|&()'\"]+|[;|&()\n]+", text)
    parts: list[list[str]] = [[]]
    for word in words:
        if word in _SEPARATOR or (word and _PUNCTUATION.issuperset(word)):
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _keywords(part: Sequence[str]) -> Iterator[str]:
    """The words of the shell that a part begins with."""
    return takewhile(lambda word: word in _OPENERS | _LOOPS[0] | _LOOPS[1], part)


def _of_part(words: Sequence[str]) -> _Told:
    """What is told of a simple command."""
    rest = list(words)
    while rest and (rest[0] in _OPENERS or rest[0] in _FED or _ASSIGNMENT.fullmatch(rest[0])):
        rest = rest[2 if rest[0] in _FED else 1 :]
    if not rest or rest[0] in _BUILTINS or rest[0] in ("for", "case", "esac"):
        return Risk.READ_ONLY
    name, arguments = _name(rest[0]), rest[1:]
    if name in _PREFIXES:
        return _behind_prefix(name, arguments)
    if name in _SPECIAL:
        return _SPECIAL[name](arguments)
    return _of_program(name, arguments)


def _of_program(name: str, arguments: list[str]) -> _Told:
    if name in _SQL_PROGRAMS:
        return _of_sql(name, arguments)
    if name in _VERBS:
        return _of_verbs(name, arguments)
    if name in _READERS_BUT:
        return _of_reader(name, arguments)
    if name.startswith("kafka-"):
        return _of_kafka(name, arguments)
    if name in _DESTROYERS or name.startswith("mkfs"):
        return Risk.DESTRUCTIVE
    if name in _WRITERS:
        return Risk.MUTATING
    return Risk.READ_ONLY if name in _READERS else Risk.UNKNOWN


# Options and what stands behind them.


def _takes_next(flag: str, valued: frozenset[str]) -> bool:
    """Whether the value of an option is the next word: `-u x`, and `-iu x` of a bundle."""
    if flag in valued:
        return True
    if flag.startswith("--") or "=" in flag:
        return False
    places = [place for place, letter in enumerate(flag[1:]) if f"-{letter}" in valued]
    return bool(places) and places[0] == len(flag) - 2


def _after_flags(words: Sequence[str], valued: frozenset[str]) -> list[str]:
    place = 0
    while place < len(words) and words[place].startswith("-") and words[place] != "-":
        flag = words[place]
        place += 1
        if flag == "--":
            break
        place += _takes_next(flag, valued)
    return list(words[place:])


def _has(arguments: Sequence[str], flags: frozenset[str]) -> bool:
    """Whether one of these options is given, alone, with a value, or in a bundle of letters."""
    return any(flag in flags for word in arguments for flag in _flags_of(word))


def _flags_of(word: str) -> Iterator[str]:
    if word.startswith("--"):
        yield word.split("=", 1)[0]
    elif word.startswith("-"):
        yield word
        yield from (f"-{letter}" for letter in word[1:])


def _behind_prefix(name: str, arguments: list[str]) -> _Told:
    valued, own = _PREFIXES[name]
    if name == "command" and _has(arguments[:1], _words("-v -V")):
        return Risk.READ_ONLY
    if name == "sudo" and _has(arguments[:1], _words("-e --edit")):
        return Risk.MUTATING
    rest = _after_flags(arguments, valued)[own:]
    if not rest:
        return Risk.READ_ONLY if name in _LOOKING_ALONE else Risk.UNKNOWN
    return " ".join(rest) if name == "watch" and len(rest) == 1 else rest


# Programs of many verbs.


def _of_verbs(name: str, arguments: list[str]) -> _Told:
    places = list(islice(_plain_words(arguments, _VERBS[name]), _MOST_WORDS))
    if not places:
        return _of_flags_alone(name, arguments)
    readings = [0]
    # Nobody knows whether the word behind an unknown option is its value or the verb.
    while places[readings[-1]][1] and readings[-1] + 1 < len(places):
        readings.append(readings[-1] + 1)
    plain = [place for place, _ in places]
    return tuple(_of_reading(name, arguments, plain[first:]) for first in readings)


def _plain_words(arguments: Sequence[str], tool: _Tool) -> Iterator[tuple[int, bool]]:
    """The places of words that are no options nor their values; and whether that is in doubt."""
    place = 0
    doubt = False
    while place < len(arguments):
        word = arguments[place]
        if word in _FED:
            place += 1
        elif word == "--" or (not word.startswith("-") or (word,) in tool.groups):
            if word != "--":
                yield place, doubt
            doubt = False
        elif _takes_next(word, tool.valued):
            place += 1
            doubt = False
        else:
            doubt = word not in tool.switches and "=" not in word
        place += 1


def _of_flags_alone(name: str, arguments: Sequence[str]) -> Risk:
    given = {word.split("=", 1)[0] for word in arguments}
    if name == "redis-cli" and given & _words("--pipe --eval"):
        return Risk.MUTATING
    if given & _words("--help --version") or (name == "redis-cli" and given & _REDIS_LOOKS):
        return Risk.READ_ONLY
    return Risk.UNKNOWN  # it may be told what to do by what is fed to it


def _of_reading(name: str, arguments: list[str], places: Sequence[int]) -> _Told:
    tool = _VERBS[name]
    words = [arguments[place].lower() for place in places]
    path = _path(words, tool)
    if name in _INNER and path[-1] in ("exec", "run", "debug"):
        return _inside(name, path[-1], arguments[places[len(path) - 1] + 1 :])
    if _is_dry(name, arguments):
        return Risk.READ_ONLY
    if name == "git" and set(arguments) & _GIT_FORCES:
        return Risk.DESTRUCTIVE
    if path in tool.reads:
        writes = name == "openssl" and "-out" in arguments
        return Risk.MUTATING if writes else Risk.READ_ONLY
    return Risk.DESTRUCTIVE if _destroys(name, words, path, arguments) else Risk.MUTATING


def _path(words: Sequence[str], tool: _Tool) -> tuple[str, ...]:
    """The verb, behind the groups that it belongs to."""
    path: tuple[str, ...] = ()
    for word in words:
        path = (*path, word)
        if path not in tool.groups:
            break
    return path


def _destroys(
    name: str, words: Sequence[str], path: Sequence[str], arguments: Sequence[str]
) -> bool:
    if any(word in _VERBS[name].destroys for word in words[:4]):
        return True
    if _DESTROYING_WORD.fullmatch(path[-1]):
        return True
    if path[0] in ("annotate", "label") and any(map(_DESTROYING_MARK.fullmatch, words)):
        return True
    if name == "terraform":
        return any(word.startswith(("-destroy", "-replace")) for word in arguments)
    given = {word for word in arguments if not word.endswith("=false")}
    if path[-1] == "down" and "-v" in given:
        return True
    return name in _FORCIBLE and bool({word.split("=", 1)[0] for word in given} & _FORCES)


def _is_dry(name: str, arguments: Sequence[str]) -> bool:
    told = [i for i, word in enumerate(arguments) if word.startswith("--dry-run")]
    if name not in _DRY_RUNS or not told:
        return False
    off = any(word in ("none", "false") for i in told for word in arguments[i + 1 : i + 2])
    return not off and all(_DRY_RUN.fullmatch(arguments[i]) for i in told)


def _inside(name: str, verb: str, behind: list[str]) -> _Told:
    """What `exec` or `run` starts inside a container."""
    target, *rest = _after_flags(behind, _VERBS[name].valued) or [""]
    readings: list[_Told] = []
    if name in ("docker", "podman", "crictl", "ip"):
        readings += [rest] if rest else []
    else:
        told = _after_flags(rest, _VERBS[name].valued)
        readings += [told] if told and verb == "exec" else []
        if "--" in behind:
            readings += [behind[behind.index("--") + 1 :]]
    if verb != "exec":  # it also starts something new
        readings.append(Risk.UNKNOWN if readings else Risk.MUTATING)
    return tuple(readings) if target and readings else Risk.MUTATING


def _of_cloud(arguments: list[str]) -> Risk:
    if "--delete" in arguments:
        return Risk.DESTRUCTIVE
    verbs = [word.lower() for word in arguments if not word.startswith("-")]
    if any(_CLOUD_DESTROYS.fullmatch(verb) for verb in verbs):
        return Risk.DESTRUCTIVE
    for verb in verbs:
        if _CLOUD_CHANGES.fullmatch(verb):
            return Risk.MUTATING
        if _CLOUD_LOOKS.fullmatch(verb):
            return Risk.READ_ONLY
    return Risk.MUTATING


def _of_aws(arguments: list[str]) -> Risk:
    """`aws SERVICE OPERATION`: what else is said is names and values."""
    valued = _words(
        "--profile --region --output --endpoint-url --query --ca-bundle --color "
        "--cli-read-timeout --cli-connect-timeout --cli-binary-format"
    )
    service = _after_flags(arguments, valued)
    operation = _after_flags(service[1:], valued)
    return _worst(
        [
            _of_cloud(operation[:1]),
            _of_cloud(operation) if "--delete" in operation else Risk.READ_ONLY,
        ]
    )


# Shells.


def _of_shell(arguments: list[str]) -> _Told:
    """What `-c` says; a script of one's own is unknown."""
    for place, word in enumerate(arguments[:-1]):
        if word == "--command" or re.fullmatch(r"-[a-z]*c", word):
            return arguments[place + 1]
    return Risk.UNKNOWN


def _of_ssh(arguments: list[str]) -> _Told:
    """What ssh runs on the host that it is given, which may be named like a program."""
    behind = _after_flags(arguments, _SSH_VALUES)[1:]
    return " ".join(_after_flags(behind, _SSH_VALUES)) or Risk.UNKNOWN


# SQL.


def _of_sql(name: str, arguments: list[str]) -> Risk:
    if any(_SQL_FROM_FILE.fullmatch(word) for word in arguments):
        return _worst([Risk.MUTATING, *map(classify_sql, _statements_in(name, arguments))])
    statements = list(_statements_in(name, arguments))
    if not statements:
        return Risk.READ_ONLY if _SQL_LOOKING & set(arguments) else Risk.UNKNOWN
    return _worst([classify_sql(statement) for statement in statements])


def _statements_in(name: str, arguments: Sequence[str]) -> Iterator[str]:
    letter = _SQL_BUNDLES.get(name, "e")
    bundle = re.compile(rf"-[A-Za-z0-9]*?{letter}(.*\s.*)?" if letter else "-cmd()", re.DOTALL)
    place = 0
    while place < len(arguments):
        word = arguments[place]
        option, _, value = word.partition("=")
        if option in _SQL_STATEMENTS and value:
            yield value
        elif (bundled := bundle.fullmatch(word)) and bundled[1]:
            yield bundled[1]
        elif word in _SQL_STATEMENTS or bundled:
            place += 1
            yield from arguments[place : place + 1]
        elif word in _SQL_VALUED:
            place += 1
        elif (" " in word or word.startswith("\\")) and not _CONNECTION.fullmatch(word):
            yield word
        place += 1


def _is_fed_sql(part: Sequence[str]) -> bool:
    """Whether a program for SQL is started without a statement: it reads what is fed to it."""
    for place, word in enumerate(part):
        if _name(word) in _SQL_PROGRAMS:
            behind = part[place + 1 :]
            return not (_SQL_LOOKING & set(behind) or any(_statements_in(_name(word), behind)))
    return False


def _of_fed_sql(text: str) -> Risk:
    """The risk of statements that stand anywhere in a shell's text."""
    if _SQL_DESTROYS.search(text):
        return Risk.DESTRUCTIVE
    return Risk.MUTATING if _SQL_CHANGES.search(text) else Risk.UNKNOWN


def _sql_without_literals(statement: str) -> str:
    if _SQL_UNSURE.search(statement):
        return statement

    def kept(found: re.Match[str]) -> str:
        if found["comment"] is not None:
            return " "
        if found["literal"] is not None:
            return "''"
        # A name in quotes says something only where it is a function's.
        return found[0][1:-1] if statement.startswith("(", found.end()) else "_"

    return _SQL_PIECE.sub(kept, statement)


def _of_statement(statement: str) -> Risk:
    words = statement.split(None, 1)
    first = words[0].lower()
    if _SQL_DESTROYS.search(statement) or first in _SQL_STARTS_DESTRUCTION:
        return Risk.DESTRUCTIVE
    calling = _SQL_NAMED.sub("with (", statement)
    called = [_of_call(found[1].lower()) for found in _SQL_CALL.finditer(calling)]
    if _SQL_CHANGES.search(statement) or first in _SQL_STARTS_CHANGE:
        return _worst([Risk.MUTATING, *called])
    reads = _SQL_READS.match(statement.strip())
    return _worst([Risk.READ_ONLY if reads else Risk.UNKNOWN, *called])


def _of_call(function: str) -> Risk:
    name = function.rsplit(".", 1)[-1]
    if name in _SQL_PLAIN:
        return Risk.READ_ONLY
    parts = frozenset(name.split("_"))
    if parts & _SQL_DESTROYING_PARTS:
        return Risk.DESTRUCTIVE
    if parts & _SQL_CHANGING_PARTS:
        return Risk.MUTATING
    return Risk.READ_ONLY if _SQL_LOOKS.fullmatch(name) else Risk.UNKNOWN


# Programs that want a rule of their own.


def _of_kafka(name: str, arguments: Sequence[str]) -> Risk:
    told = {word.lower() for word in arguments}
    if told & {"--delete", "--delete-offsets"} or {"--reset-offsets", "--execute"} <= told:
        return Risk.DESTRUCTIVE
    if re.search(r"delete-records|application-reset", name) or "format" in told:
        return Risk.DESTRUCTIVE
    if "leader-election" in name:
        unclean = any("unclean" in word for word in told)
        return Risk.DESTRUCTIVE if unclean else Risk.MUTATING
    changes = "--alter --create --execute --reset-offsets --add-config --cancel --add --remove"
    if told & _words(changes) or re.search(r"producer|server-st", name):
        return Risk.MUTATING
    if told & _words("--describe --list --verify --generate --version --status describe"):
        return Risk.READ_ONLY
    reads = re.search(r"console-consumer|get-offsets|broker-api-versions", name)
    return Risk.READ_ONLY if reads else Risk.UNKNOWN


def _of_reader(name: str, arguments: list[str]) -> Risk:
    changes, destroys = _READERS_BUT[name]
    if _has(arguments, destroys):
        return Risk.DESTRUCTIVE
    plain = [word for word in arguments if not word.startswith("-")]
    named = (name == "hostname" and plain) or (name == "uniq" and len(plain) > 1)
    return Risk.MUTATING if named or _has(arguments, changes) else Risk.READ_ONLY


def _of_date(arguments: list[str]) -> Risk:
    """A word that is no format is a time to set."""
    rest = _after_flags(arguments, _words("-d --date -f --file -r --reference"))
    sets = any(re.match(r"-[uR]*s|--set", word) for word in arguments)
    sets = sets or any(not word.startswith("+") for word in rest)
    return Risk.MUTATING if sets else Risk.READ_ONLY


_CURL_VALUED = _words("-" + " -".join("AbcCdDeEFHhKmoPQrtTuUwxXyYz"))
_CURL_LONG = {
    "--request": "-X",
    "--form": "-F",
    "--form-string": "-F",
    "--upload-file": "-T",
    "--json": "-d",
    "--get": "-G",
    "--output": "-o",
    "--remote-name": "-O",
    "--quote": "-Q",
    "--config": "-K",
}
_NOWHERE = _words("- /dev/null /dev/stdout /dev/stderr")
_DESTROYING_ADDRESS = re.compile(r"[/_](?:delete|purge|destroy|wipe|drop)(?:[_/?-]|$)", re.I)


def _curl_options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options with their values, each by its letter; `-sXDELETE` is two."""
    place = 0
    while place < len(arguments):
        word = arguments[place]
        following = arguments[place + 1] if place + 1 < len(arguments) else ""
        place += 1
        if word.startswith("--"):
            option, _, value = word.partition("=")
            letter = "-d" if option.startswith("--data") else _CURL_LONG.get(option, option)
            yield letter, value or following
        elif word.startswith("-"):
            for at, letter in enumerate(word[1:], 2):
                if f"-{letter}" in _CURL_VALUED:
                    yield f"-{letter}", word[at:] or following
                    place += not word[at:]
                    break
                yield f"-{letter}", ""


def _of_curl(arguments: list[str]) -> Risk:
    options = list(_curl_options(arguments))
    given = {letter for letter, _ in options}
    methods = {value.upper() for letter, value in options if letter == "-X"}
    sends = given & _words("-F -T -Q") or ("-d" in given and "-G" not in given)
    changes = bool(sends) or not methods <= _words("GET HEAD OPTIONS")
    if methods & {"DELETE", "PURGE"}:
        return Risk.DESTRUCTIVE
    if changes and any(_DESTROYING_ADDRESS.search(word) for word in arguments):
        return Risk.DESTRUCTIVE
    saves = any(letter == "-o" and value not in _NOWHERE for letter, value in options)
    if changes or saves or "-O" in given:
        return Risk.MUTATING
    return Risk.UNKNOWN if "-K" in given else Risk.READ_ONLY


def _of_wget(arguments: list[str]) -> Risk:
    joined = " ".join(arguments)
    if re.search(r"--method[= ]delete", joined, re.IGNORECASE):
        return Risk.DESTRUCTIVE
    if re.search(r"--(?:post|body|method)", joined):
        return Risk.MUTATING
    shown = re.search(
        r"(?:(?:^|\s)-[A-Za-z]*O|--output-document[= ])\s*(?:-|/dev/null|/dev/stdout)(?:\s|$)|"
        r"(?:^|\s)--spider\b",
        joined,
    )
    return Risk.READ_ONLY if shown else Risk.MUTATING


def _of_sed(arguments: list[str]) -> Risk:
    edits = any(re.match(r"-[nEruszb]*i|--in-place", word) for word in arguments)
    return Risk.MUTATING if edits else Risk.READ_ONLY


def _of_awk(arguments: list[str]) -> Risk:
    """An awk program may start others and write files."""
    joined = " ".join(arguments)
    if re.search(r"system\s*\(|\|\s*[\"&]|\"\s*\|\s*getline|(?:^|\s)-f", joined):
        return Risk.UNKNOWN
    writes = re.search(r"inplace|print[^;}]*>\s*[\"$(]", joined)
    return Risk.MUTATING if writes else Risk.READ_ONLY


def _of_find(arguments: list[str]) -> _Told:
    if "-delete" in arguments:
        return Risk.DESTRUCTIVE
    starts = [i for i, word in enumerate(arguments) if word in _words("-exec -execdir -ok -okdir")]
    executed: tuple[_Told, ...] = tuple(
        arguments[i + 1 :] for i in starts if i + 1 < len(arguments)
    )
    if set(arguments) & _words("-fprint -fprint0 -fprintf -fls"):
        return (Risk.MUTATING, *executed)
    return executed or Risk.READ_ONLY


def _of_iptables(arguments: list[str]) -> Risk:
    if {"-F", "--flush", "-X"} & set(arguments):
        return Risk.DESTRUCTIVE
    changes = _words("-A -I -D -R -P -N -E -Z --append --insert --replace --policy --zero")
    if changes & set(arguments):
        return Risk.MUTATING
    return Risk.READ_ONLY if {"-L", "-S", "--list"} & set(arguments) else Risk.MUTATING


def _of_nginx(arguments: list[str]) -> Risk:
    looks = {"-t", "-T", "-v", "-V"} & set(arguments) and "-s" not in arguments
    return Risk.READ_ONLY if looks else Risk.MUTATING


def _of_sysctl(arguments: list[str]) -> Risk:
    changes = _has(arguments, _words("-w --write -p --load -f --system"))
    sets = any("=" in word and not word.startswith("-") for word in arguments)
    return Risk.MUTATING if changes or sets else Risk.READ_ONLY


def _of_nc(arguments: list[str]) -> Risk:
    """It carries whatever is fed to it, but for a look at a port."""
    return Risk.READ_ONLY if _has(arguments, _words("-z")) else Risk.UNKNOWN


def _of_rsync(arguments: list[str]) -> Risk:
    destroys = any(word.startswith(("--del", "--remove-source")) for word in arguments)
    return Risk.DESTRUCTIVE if destroys else Risk.MUTATING


_SPECIAL: dict[str, Callable[[list[str]], _Told]] = {
    "awk": _of_awk,
    "aws": _of_aws,
    "az": _of_cloud,
    "curl": _of_curl,
    "date": _of_date,
    "eval": " ".join,
    "find": _of_find,
    "gcloud": _of_cloud,
    "iptables": _of_iptables,
    "nc": _of_nc,
    "nginx": _of_nginx,
    "rsync": _of_rsync,
    "sed": _of_sed,
    "ssh": _of_ssh,
    "sysctl": _of_sysctl,
    "wget": _of_wget,
    **dict.fromkeys(_SHELLS - {"ssh"}, _of_shell),
}
