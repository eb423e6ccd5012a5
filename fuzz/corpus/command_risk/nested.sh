bash -c "psql -c 'delete from t'" && echo $(curl -X POST http://a) > /etc/x <<EOF
x
EOF
