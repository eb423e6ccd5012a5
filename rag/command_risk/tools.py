"""The table of programs of many verbs: what each verb does, and the options around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rag.command_risk.words import word_set


@dataclass(frozen=True, slots=True)
class Tool:
    """A program of many verbs; every verb that neither reads nor destroys changes something.

    A verb stands behind the words of its group, as in `rollout status`. `valued` are options whose
    value is the next word, `switches` those that have none: of others, nobody knows.
    """

    reads: frozenset[tuple[str, ...]]
    groups: frozenset[tuple[str, ...]]
    destroys: frozenset[str]
    valued: frozenset[str]
    switches: frozenset[str]


def _tool(reads: str, destroys: str = "", valued: str = "", switches: str = "") -> Tool:
    """Reads are verbs, or groups and their verbs: `get`, `rollout:status,history`."""
    paths = frozenset(path for entry in reads.split() for path in _paths(entry))
    return Tool(
        reads=paths,
        groups=frozenset(
            tuple(entry.split(":")[0].split("/")[:length])
            for entry in reads.split()
            if ":" in entry
            for length in range(1, entry.count("/") + 2)
        ),
        destroys=word_set(destroys),
        valued=word_set(valued),
        switches=word_set(switches) | word_set("--debug --verbose --quiet"),
    )


def _paths(entry: str) -> Iterator[tuple[str, ...]]:
    group, _, verbs = entry.rpartition(":")
    before = tuple(group.split("/")) if group else ()
    return ((*before, verb) for verb in verbs.split(","))


_DOCKER_READS = "ls list ps inspect history logs top stats port diff"
_DOCKER_GROUPS = "image container volume network node service stack context config secret plugin"
_IP_NOUNS = "addr a address route r link l neigh n neighbour rule netns maddr"
VERBS: dict[str, Tool] = {
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
VERBS["oc"] = VERBS["kubectl"]
VERBS["k"] = VERBS["kubectl"]
VERBS["podman"] = VERBS["docker"]
