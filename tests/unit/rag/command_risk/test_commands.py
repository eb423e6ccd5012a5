"""What a command would do: too dark rather than too bright."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.command_risk.classify import shipped_classifier
from rag.domain.documents import Risk

CLASSIFIER = shipped_classifier()
classify, classify_sql = CLASSIFIER.classify, CLASSIFIER.classify_sql

READ_ONLY = """\
kubectl get pods -l name=<statefulset|deployment>
azcopy list https://x/container
tc -s qdisc show dev eth0
ps aux | grep <process name>
kubectl get event | grep <volume name> | head
curl https://docs.example/delete-a-user.html
curl -fsSL https://raw.example/main/create_all.sh
curl "http://h/api/v1/query_range?start=1&end=2"
rabbitmqadmin queues list
rabbitmqctl list_feature_flags
for i in 1 2 3; do for j in a b; do ls $i$j; done; done
kafka-metadata-quorum.sh --bootstrap-server x describe --status
kubectl get pods -n checkout-api
kubectl -n checkout-api describe deploy/checkout-api
kubectl logs deploy/checkout-api --since=10m
kubectl top nodes
kubectl rollout status deploy/checkout-api
kubectl rollout history deploy/checkout-api
kubectl delete pod x --dry-run=client
kubectl exec -it db-0 -- psql -c "SELECT 1 FROM t"
kubectl exec db-0 -- df -h
kubectl auth can-i list pods
oc get nodes
helm list -A
docker ps -a
docker exec web cat /etc/hosts
systemctl status nginx
journalctl -u kubelet -n 100
psql -c "select count(*) from pg_stat_activity"
psql -h db -c 'EXPLAIN SELECT 1'
redis-cli -h cache info memory
redis-cli --bigkeys
kafka-topics.sh --bootstrap-server b:9092 --describe --topic orders
kafka-consumer-groups.sh --bootstrap-server b:9092 --describe --group g
curl -s https://x/healthz | jq .status
curl -I https://x/
curl -X GET https://x/
dig +short example.com
openssl s_client -connect x:443
openssl crl2pkcs7 -nocrl -certfile ca.pem | openssl pkcs7 -print_certs -noout
ss -tnlp
df -h /var
git log --oneline -5
git diff HEAD~1
sudo cat /var/log/messages
time kubectl get nodes
KUBECONFIG=/tmp/x kubectl get ns
ls -la | sort | head -3
ls /tmp 2>/dev/null
echo ok > /dev/null
aws ec2 describe-instances --region eu-west-1
gcloud compute instances list
terraform plan
argocd app get checkout
vault status
patronictl list
pgbackrest info
etcdctl endpoint health
ssh host "uptime"
bash -c "ls /tmp"
sed -n 1,5p file
find /var/log -name '*.log'
iptables -L -n
nginx -t
rabbitmqctl list_queues
watch kubectl get pods
psql -tAc "select 1"
psql "host=pg port=1 dbname=x" -c "select 1 from t where a <> 2"
psql -l
mysql -Bse "select 1"
mysql -e 'show create table orders;'
psql --command="select 1"
redis-cli client list
redis-cli -p 26379 sentinel get-master-addr-by-name x
redis-cli sentinel ckquorum x
redis-cli -h del get x
redis-cli --cluster check h:1
kubectl -n delete get pods
oc adm top nodes
oc adm node-logs n1 -u kubelet
kubectl auth can-i delete pods
kubectl -v 6 get pods
journalctl -u kubelet -n 100 -o json
amtool silence query a=b
amtool --alertmanager.url http://x alert
dmesg -T
date -Iseconds
date -u +%s
date -d '10 min ago' +%s
promtool check rules x.yml
ip -br a
ip route get 1.2.3.4
ip addr
sysctl -a
sysctl net.ipv4.ip_forward
curl -sG -d a=b http://x
curl -H 'X: -X DELETE' http://x
curl -sSfL http://x
sudo -u ops cat x
sudo -iu postgres psql -c 'select 1'
kubectl delete pod x --dry-run=server
for p in a b; do kubectl get pod $p; done
while true; do kubectl get pods; sleep 5; done
for p in a b; do if test -f $p; then cat $p; else echo no; fi; done
argocd app sync --prune --dry-run
argocd app diff x
argocd app manifests x
argocd app wait x
vault token lookup
vault kv metadata get x
vault kv get -field=x secret/y
wget -qO- http://x
wget -O - http://x
kubectl logs <pod> --tail=50
kubectl -n <ns> logs deploy/<name> --since=5m
kubectl exec <pod> -- df -h
ls 2>&1 | head
echo x >&2
kubectl get pods  # then delete; rm them
ssh -t ops@host "uptime; df -h"
docker exec -it web cat x
docker compose ps
docker volume ls
timeout 30 kubectl get pods
watch -n 5 'kubectl get pods | grep x'
strace -p 42
awk '$5 > 3 {print $2}'
nc -zv h 22
aws --profile list s3 ls s3://b
aws sts get-caller-identity
az vm show -n x
hostname -f
time
command -v rm
A=$(ls)
kubectl get pods > /dev/null 2>&1
docker ps --format '{{.Names}} {{.Status}}'
kubectl get pods -o custom-columns=A:.b
kubectl --context "$CTX" -n "$NS" get pods
helm -n x get values y
redis-cli -h $H -a "$P" info memory
redis-cli get a
git -C x log
systemctl --user status x
systemctl list-units --failed
ssh <host> uptime"""
MUTATING = """\
tc qdisc add dev eth0 root netem delay 100ms
azcopy copy a b
sort <in file> out
curl http://vm:8482/internal/force_flush
curl http://vm:8482/snapshot/create
curl -s http://h:9090/-/reload
wget -qO- http://h:9090/-/quit
kill -HUP 4242
pkill -f worker
psql -1f y
docker --context logs stop web
patronictl -c list restart x
curl -X $METHOD x
argocd app sync x --prune=false
kubectl apply -f x.yaml
kubectl scale deploy/x --replicas=3
kubectl rollout undo deploy/checkout-api
kubectl rollout restart deploy/x
kubectl cordon n1
kubectl config use-context eu-1 && kubectl patch deploy x -p '{}'
kubectl exec db-0 -- psql -c "UPDATE t SET a = 1"
helm upgrade x y
docker restart web
systemctl restart nginx
psql -c "VACUUM t"
psql -c "select pg_terminate_backend(42)"
redis-cli config set maxmemory 2gb
kafka-topics.sh --bootstrap-server b:9092 --alter --topic t --partitions 6
curl -X POST https://x/
curl -d a=1 https://x/
curl --json '{}' https://x/
git push origin main
sudo systemctl reload nginx
echo 1 > /proc/sys/vm/drop_caches
cat a >> b
kubectl get pods -o name | xargs kubectl label pods a=b
aws s3 cp a s3://b
terraform apply
argocd app sync checkout
vault operator unseal
vault write a b=c
patronictl failover
etcdctl put a b
sed -i s/a/b/ file
chmod 600 key
kill 42
pkill java
iptables -A INPUT -j DROP
nginx -s reload
ssh host "sudo systemctl restart x"
mv a b
tee /etc/x
psql -c "select setval('a', 1)"
psql -h x -c RELOAD
psql -p 6432 pgbouncer -c 'PAUSE'
psql -tAc "update t set a=1"
psql -f x.sql
psql db < x.sql
mysql -Ne "update t set a=1"
redis-cli -h x client kill type pubsub
redis-cli sentinel failover x
redis-cli set type info
redis-cli --foo get set
redis-cli --pipe
redis-cli --cluster fix h:1
kubectl -n orders edit configmap config
kubectl -n logs scale deploy/x --replicas=0
kubectl -n events rollout restart deploy/x
helm upgrade search ./c
helm rollback history 3
docker stop history
kubectl --namespace get apply -f x
kubectl --namespace=get apply -f x
journalctl --rotate
amtool silence expire x
amtool silence add a=b
date -s x
date 010203042020
ss -K dst 1.2.3.4
promtool push metrics http://x
ip link set eth0 down
sysctl -a -w x=1
sysctl -w
sysctl net.ipv4.ip_forward=1
curl -sXPOST http://x
curl -sd @f http://x
curl -sO http://x
curl -sSLXPUT -d @x http://x
curl -T f http://x
systemctl restart x --dry-run
bin/kafka-leader-election.sh --election-type preferred --all-topic-partitions
kubectl annotate pod x a/b=true
argocd app terminate-op x
vault operator raft snapshot save x
wget http://x
wget --post-data=x -qO- http://x
sort <in>out
cat < in > out
echo a >out
echo a 2>err.log
echo a &> f
docker compose up -d
sed -ni s/a/b/p f
nginx -t -s reload
awk '{print > "f"}'
aws lambda invoke --function-name list
gcloud compute instances start list
git -C log commit -am x
etcdctl alarm disarm
hostname new
chroot /host sysctl -w a=1
kubectl get pods -o name | xargs kubectl scale --replicas=0
echo "update t set a=1" | psql"""
DESTRUCTIVE = """\
azcopy remove https://x/container --recursive
tc qdisc del dev eth0 root
certmgr -del -c Trust 1F04
curl -g http://vm:8428/api/v1/admin/tsdb/delete_series?match[]=x
curl http://vm:8482/snapshot/delete_all
wget -qO- 'http://h/admin?action=delete&id=4'
kill -9 4242
kill -s KILL 4242
pkill -KILL -f worker
sudo reboot
rabbitmqctl clear_permissions -p v1 app
rabbitmqctl shutdown
rabbitmqadmin parameters clear --name x
oc adm prune images --confirm
kx bin/kafka-leader-election.sh $BS --election-type unclean
psql -c"drop table x"
mysql db -e"drop database x"
clickhouse-client -q "drop table x"
sqlite3 x.db "delete from t"
psql -c "drop table x" -f y
argocd --server get app delete x
for i in 1 2 3; do for j in a b; do rm $i$j; done; done
while read p; do rm $p; done < list
if ls; then echo; elif rm x; then ls; fi
[[ -f x ]] && { rm x; }
nice -10 rm x
kubectl -n x exec pod -- sh -c 'cd /data; rm -rf x'
kubectl exec -n x pod -c y -it -- bash -lc 'rm x'
kafka-storage.sh format -t x
kubectl delete pod x
kubectl drain n1 --ignore-daemonsets
kubectl exec db-0 -- rm -rf /data
helm uninstall x
docker rm -f web
docker system prune -af
psql -c "DROP TABLE t"
psql -c "delete from t"
psql -c 'TRUNCATE t'
redis-cli flushall
redis-cli -n 2 FLUSHDB
kafka-topics.sh --bootstrap-server b:9092 --delete --topic t
curl -X DELETE https://x/y
rm -rf /var/lib/x
sudo rm file
ls && rm x
true; sudo env A=b rm -rf /
cat $(rm -rf x)
find / -name x -delete
find . -exec rm {} ;
ls | xargs rm
dd if=/dev/zero of=/dev/sda
mkfs.ext4 /dev/sdb
git reset --hard HEAD~1
git push --force
git clean -fd
aws ec2 terminate-instances --instance-ids i-1
aws s3 rb s3://b
gcloud compute instances delete x
terraform destroy
vault operator raft snapshot save x && vault delete secret/x
patronictl reinit cluster db-1
pgbackrest restore
etcdctl del key
rabbitmqctl purge_queue q
iptables -F
ssh host "rm -rf /tmp/x"
bash -c 'rm -rf /tmp/x'
shutdown -h now
dropdb shop
echo "drop table x" | psql -h db
redis-cli --user x --pass y FLUSHALL
redis-cli --cluster del-node h:1 x
redis-cli acl log reset
kubectl --context logs delete pod x
kubectl -n debug delete pod x
kubectl -n exec delete pod x
kubectl --foo get delete pod x
journalctl --vacuum-size=500M
journalctl --vacuum-time 2d
dmesg -C
promtool tsdb delete
ip route del default
ip netns exec x rm -rf /data
curl -sX DELETE http://es/idx
curl -sSXDELETE http://x
curl --request=DELETE http://x
curl --request DELETE http://x
curl -s -X POST http://es/idx/_delete_by_query -d '{}'
sudo -u cat rm -rf x
kubectl delete pod x --dry-run=none
kubectl delete pod x --dry-run=false
redis-cli del x --dry-run
for p in a b; do kubectl delete pod $p; done
if true; then rm -rf /data; fi
kubectl get pods | while read p; do kubectl delete pod $p; done
if rm x; then ls; fi
case $x in a) rm -rf x;; esac
bin/kafka-leader-election.sh --bootstrap-server x --election-type unclean --topic a --partition 1
kubectl annotate pod x strimzi.io/delete-pod-and-pvc=true
argocd app sync x --replace --force
argocd app sync x --prune
argocd app delete-resource x
vault operator init
vault operator raft snapshot restore x
vault kv metadata delete x
vault secrets disable kv
kafka-consumer-groups --reset-offsets --to-latest --execute
echo "$(rm -rf $(ls))"
echo `rm x`
echo "it's $(rm -rf x) isn't"
ssh host sudo rm -rf x
ssh host -t "rm x"
bash -ec 'rm x'
su - postgres -c "psql -c 'drop table x'"
docker exec -it -u root web rm -rf -- /data
docker compose exec -T db rm x
docker compose down -v
docker volume rm x
timeout -s KILL 30 rm x
watch -n 5 'kubectl delete pod x'
xargs -I{} -P 4 sh -c 'rm {}'
ls | xargs -r -n1 kubectl delete pod
strace -f rm x
rsync -a --delete a b
kubectl exec deploy/x -c c -- rm -rf /x
kubectl exec x --foo y -- rm /x
oc adm drain n1
aws s3 sync a s3://b --delete
git branch -D x
git push origin --delete x
git -C x clean -fd
etcdctl --endpoints x member remove y
terraform apply -destroy
time rm x
command rm x
env -i PATH=/x rm -rf x
! rm x
{ rm x; }
(rm x)
f() { rm x; }
rm<x
nohup rm x &
A=$(ls) rm x
A=$(rm x)
cat <(rm x)
exec rm x
"rm" x
r""m x
/bin/rm x
kubectl 2>/dev/null delete pod x
> f rm x
<f rm x
eval "rm x"
chroot /host sh -c 'rm x'
kubectl debug node/x -it --image=y -- chroot /host rm x
vault lease revoke -prefix x
kubectl apply --prune -f x
kubectl replace --force -f x
sh -c "$(echo rm) x; rm y"
find . -type f | xargs -I % sudo rm %
systemctl --user poweroff
select 1; rm x
kubectl < f delete pod x"""
UNKNOWN = """\
kx bin/kafka-topics.sh --describe
sudo -i
sudo lbctl get pods
watch lbctl cat
frobnicate --all
./fix-everything.sh
unknowntool get pods
psql -h db
ssh host
psql -c "$SQL"
echo FLUSHALL | redis-cli
sudo lbctl drain host
sudo -u ops lbctl drain cat
for p in a b; do
ssh host sudo lbctl drain cat
bash cat
curl x | sudo bash
docker exec web lbctl drain cat
awk 'BEGIN{system("rm -rf x")}'
nc redis 6379"""

CASES = [
    (command, risk)
    for block, risk in (
        (READ_ONLY, Risk.READ_ONLY),
        (MUTATING, Risk.MUTATING),
        (DESTRUCTIVE, Risk.DESTRUCTIVE),
        (UNKNOWN, Risk.UNKNOWN),
    )
    for command in block.split("\n")
]
SEVERITY = [Risk.READ_ONLY, Risk.UNKNOWN, Risk.MUTATING, Risk.DESTRUCTIVE]


@pytest.mark.parametrize(("command", "risk"), CASES)
def test_classify(command: str, risk: Risk) -> None:
    assert classify(command) is risk


@given(
    st.sampled_from([command for command, _ in CASES]),
    st.sampled_from(["sudo ", "env A=b ", "  ", "time ", "nohup ", "ls; ", "ls && ", "date | "]),
    st.sampled_from(["", " ; ls", " && date", " | cat", " # note"]),
)
def test_dressing_a_command_up_never_makes_it_look_safer(
    command: str, before: str, after: str
) -> None:
    dressed = classify(f"{before}{command}{after}")
    assert SEVERITY.index(dressed) >= SEVERITY.index(classify(command))


@pytest.mark.parametrize(
    ("command", "risk"),
    [
        ("psql <<EOF\nDELETE FROM t;\nEOF", Risk.DESTRUCTIVE),
        ("echo 'abc\nrm -rf x", Risk.DESTRUCTIVE),
        ("ls # x\nrm y", Risk.DESTRUCTIVE),
        ("psql -x -c '\\x' -c 'select 1'", Risk.READ_ONLY),
        ("find . -exec grep x {} \\; -exec rm {} \\;", Risk.DESTRUCTIVE),
        ("curl -so /dev/null -w '%{http_code}\\n' http://x", Risk.READ_ONLY),
        ("psql -c 'select a\nfrom t\nwhere b <> pg_backend_pid()'", Risk.READ_ONLY),
    ],
)
def test_lines_and_escapes(command: str, risk: Risk) -> None:
    assert classify(command) is risk


INSIDE = [
    "for p in a b; do {}; done",
    "if true; then {}; fi",
    "if {}; then ls; fi",
    "ls | while read p; do {}; done",
    "sudo -u ops {}",
    "sudo -E -- {}",
    "timeout -k 5 30 {}",
    "echo $({})",
    "kubectl -n logs exec -it x-0 -c get -- {}",
]


# Signs that mean another thing inside another command.
PLAIN = [command for command, _ in CASES if not set(command) & set("()`|;&#<>!{")]


@given(st.sampled_from(PLAIN), st.sampled_from(INSIDE))
def test_what_stands_inside_another_command_looks_no_safer(command: str, around: str) -> None:
    inside = classify(around.format(command))
    assert SEVERITY.index(inside) >= SEVERITY.index(classify(command))


@given(st.sampled_from([command for command, _ in CASES]), st.sampled_from(["bash -c", "ssh h"]))
def test_what_a_shell_is_given_is_as_risky_as_by_itself(command: str, shell: str) -> None:
    inside = classify(f"{shell} {shlex.quote(command)}")
    assert SEVERITY.index(inside) >= SEVERITY.index(classify(command))


@given(
    st.sampled_from(["-n", "--namespace", "--context"]), st.sampled_from(["get", "logs", "exec"])
)
def test_the_value_of_an_option_is_no_verb(option: str, value: str) -> None:
    assert classify(f"kubectl {option} {value} delete pod x") is Risk.DESTRUCTIVE
    assert classify(f"kubectl {option}={value} scale deploy/x --replicas=0") is Risk.MUTATING
    assert classify(f"kubectl {option} delete get pods") is Risk.READ_ONLY


@given(st.from_regex(r"[a-z]{3,9}_[a-z]{3,9}", fullmatch=True))
def test_a_function_that_nobody_knows_is_not_taken_for_one_that_reads(name: str) -> None:
    assert classify_sql(f"select zz{name}(1)") is not Risk.READ_ONLY


@pytest.mark.parametrize(
    "nest", ["ssh a ", "sudo ", "$(", "docker exec a ", "eval ", "find . -exec ", "ls;", "bash -c "]
)
def test_a_command_nested_without_end_is_not_taken_for_one_that_reads(nest: str) -> None:
    assert classify(nest * 3000) is not Risk.READ_ONLY


@given(st.text(max_size=80))
def test_any_text_is_classified(text: str) -> None:
    assert classify(text) in SEVERITY


@pytest.mark.parametrize(
    ("statement", "risk"),
    [
        ("SELECT * FROM t;", Risk.READ_ONLY),
        ("\\dt+", Risk.READ_ONLY),
        ("with a as (delete from t returning 1) select 1", Risk.DESTRUCTIVE),
        ("ALTER TABLE t ADD c int", Risk.MUTATING),
        ("begin", Risk.UNKNOWN),
        ("with recursive a(x) as (select 1) select x from a", Risk.READ_ONLY),
        ("select pg_drop_replication_slot('x')", Risk.DESTRUCTIVE),
        ("select setval('a', 1)", Risk.MUTATING),
        ("select pg_reload_conf()", Risk.MUTATING),
        ("select pg_replication_slot_advance('x','0/1')", Risk.MUTATING),
        ("select lo_unlink(1)", Risk.DESTRUCTIVE),
        ("SELECT a INTO b FROM c", Risk.MUTATING),
        ("SELECT pg_terminate_backend(1)", Risk.MUTATING),
        ("select pg_catalog.setval('a',1)", Risk.MUTATING),
        ("select \"pg_drop_replication_slot\"('x')", Risk.DESTRUCTIVE),
        ("select my_fn(1)", Risk.UNKNOWN),
        ("select 1; frobnicate", Risk.UNKNOWN),
        ("select 1; RELOAD", Risk.MUTATING),
        ("select pg_stat_reset()", Risk.MUTATING),
        ("select pg_stat_statements_reset()", Risk.MUTATING),
        ("select nextval('a')", Risk.MUTATING),
        ("select pg_logical_slot_get_changes('a',null,null)", Risk.MUTATING),
        ("select pg_logical_slot_peek_changes('a',null,null)", Risk.READ_ONLY),
        ("select pg_advisory_lock(1)", Risk.MUTATING),
        ("select set_config('a','b',false)", Risk.MUTATING),
        ("select dblink_exec('x','drop table a')", Risk.DESTRUCTIVE),
        (
            "select count(*), now(), pg_size_pretty(pg_database_size('x')), pg_is_in_recovery(), "
            "pg_backend_pid(), age(x), coalesce(a,b), round(1.2) from pg_stat_activity",
            Risk.READ_ONLY,
        ),
        ("select * from pg_stat_get_activity(null)", Risk.READ_ONLY),
        (
            "select pg_last_wal_replay_lsn(), pg_current_wal_lsn(), pg_wal_lsn_diff(a,b)",
            Risk.READ_ONLY,
        ),
        ("select x from t where q like 'delete from%'", Risk.READ_ONLY),
        ("select x from t where a in ('drop','set')", Risk.READ_ONLY),
        ("select E'a\\'', pg_drop_replication_slot('x')", Risk.DESTRUCTIVE),
        ("select '\\', lo_unlink(1), ''", Risk.DESTRUCTIVE),
        ("select x from unnest(a) as t(b)", Risk.READ_ONLY),
        ("\\d+ orders", Risk.READ_ONLY),
        ("\\dt", Risk.READ_ONLY),
        ("\\copy t from 'x'", Risk.MUTATING),
        ("\\i fix.sql", Risk.UNKNOWN),
        ("\\! rm -rf /", Risk.UNKNOWN),
        ("kill 42", Risk.MUTATING),
        ("PURGE BINARY LOGS TO 'x'", Risk.DESTRUCTIVE),
        ("SHUTDOWN", Risk.DESTRUCTIVE),
        ("SHOW POOLS", Risk.READ_ONLY),
        ("select 1 -- drop table x", Risk.READ_ONLY),
        ("select 1 --\n; drop table x", Risk.DESTRUCTIVE),
        ("do $$ begin delete from t; end $$", Risk.DESTRUCTIVE),
        ("select a from t where b = 'it''s'", Risk.READ_ONLY),
        ("SELECT * FROM t WHERE x IN (1,2) AND EXISTS (SELECT 1) ORDER BY (a)", Risk.READ_ONLY),
        ('select "it\'s", lo_unlink(1), "it\'s"', Risk.DESTRUCTIVE),
        ("select 1 -- it's\n, lo_unlink(1) -- it's", Risk.DESTRUCTIVE),
        ("select $a$'$a$, lo_unlink(1), $a$'$a$", Risk.DESTRUCTIVE),
    ],
)
def test_classify_sql(statement: str, risk: Risk) -> None:
    assert classify_sql(statement) is risk


@pytest.mark.parametrize(
    ("command", "risk"),
    [
        ("ceph osd purge 3", Risk.DESTRUCTIVE),
        ("ceph osd tree", Risk.READ_ONLY),
        ("ceph osd set noout", Risk.MUTATING),
        ("zpool destroy tank", Risk.DESTRUCTIVE),
        ("zfs list", Risk.READ_ONLY),
        ("lvremove vg/x", Risk.DESTRUCTIVE),
        ("vacuumdb --all --freeze", Risk.MUTATING),
        ("kops delete cluster --name x --yes", Risk.DESTRUCTIVE),
        ("kops get clusters", Risk.READ_ONLY),
        ("velero backup delete b", Risk.DESTRUCTIVE),
        ("velero backup describe b", Risk.READ_ONLY),
        ("velero restore create --from-backup b", Risk.MUTATING),
        ("flux uninstall", Risk.DESTRUCTIVE),
        ("flux get all", Risk.READ_ONLY),
        ("linkerd check", Risk.READ_ONLY),
        ("clusterctl delete --all", Risk.DESTRUCTIVE),
        ("nats stream purge ORDERS", Risk.DESTRUCTIVE),
        ("nats stream info ORDERS", Risk.READ_ONLY),
        ("rabbitmqadmin delete queue name=x", Risk.DESTRUCTIVE),
        ("rabbitmq-diagnostics status", Risk.READ_ONLY),
        ("rabbitmqctl delete_queue q", Risk.DESTRUCTIVE),
        ("vtctldclient --server x:1 DeleteTablets zone1-1", Risk.DESTRUCTIVE),
        ("vtctldclient GetTablets", Risk.READ_ONLY),
        ("sgdisk --zap-all /dev/sdb", Risk.DESTRUCTIVE),
        ("sgdisk -p /dev/sdb", Risk.READ_ONLY),
        ("cf delete app -f", Risk.DESTRUCTIVE),
        ("bosh -d x delete-vm y", Risk.DESTRUCTIVE),
        ("bosh vms", Risk.READ_ONLY),
        ("consul members", Risk.READ_ONLY),
        ("thanos tools bucket cleanup", Risk.DESTRUCTIVE),
    ],
)
def test_tools_of_clusters_and_storage_are_known(command: str, risk: Risk) -> None:
    assert classify(command) is risk
