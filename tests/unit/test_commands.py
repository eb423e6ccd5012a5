"""What a command would do: too dark rather than too bright."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.commands import classify, classify_sql
from rag.domain import Risk

READ_ONLY = """\
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
watch kubectl get pods"""
MUTATING = """\
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
kafka-consumer-groups.sh --bootstrap-server b:9092 --group g --reset-offsets --to-latest --execute
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
kill -9 42
pkill java
iptables -A INPUT -j DROP
nginx -s reload
ssh host "sudo systemctl restart x"
mv a b
tee /etc/x"""
DESTRUCTIVE = """\
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
dropdb shop"""
UNKNOWN = """\
frobnicate --all
./fix-everything.sh
unknowntool get pods
psql -h db
ssh host"""

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
    ],
)
def test_classify_sql(statement: str, risk: Risk) -> None:
    assert classify_sql(statement) is risk
