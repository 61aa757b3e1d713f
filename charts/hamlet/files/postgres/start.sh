#!/bin/sh
# Starts PostgreSQL in its pod: makes the data folder on the first start, brings the passwords in line with the
# Secret, and runs the server. Needs a POSIX shell with the usual small tools, initdb and postgres; no psql, no bash.
set -eu
umask 077

config=${HAMLET_CONFIG:-/etc/hamlet-postgres}
credentials=${HAMLET_CREDENTIALS:-/run/hamlet-credentials}
volume=${HAMLET_VOLUME:-/data}
sockets=${HAMLET_SOCKETS:-/run/postgresql}
data=$volume/pgdata
applied=$data/hamlet-credentials-applied

fail() {
  echo "hamlet-postgres: $1" >&2
  exit 1
}

# A value for SQL, in quotes. A line break would end a statement of the single-user server.
quoted() {
  [ "$(tr -d -c '\n' <"$credentials/$1" | wc -c)" -le 1 ] || fail "the Secret's '$1' has more than one line"
  printf "'%s'" "$(sed "s/'/''/g" "$credentials/$1")"
}

for name in username password superuser-password; do
  [ -s "$credentials/$name" ] || fail "the Secret lacks '$name' (needed: username, password, superuser-password)"
done
# pg_hba.conf names this role.
[ "$(cat "$credentials/username")" = hamlet_admin ] || fail "the Secret's 'username' must be hamlet_admin"

# A pod that was deleted by force may still run here while the next one starts, and two servers on one folder destroy it.
# PostgreSQL cannot see this: its lock file holds a process number, which is the same in every pod. The server and each
# of its processes inherit the open file, so the lock ends with the last of them.
if command -v flock >/dev/null; then
  exec 9>>"$volume/lock"
  flock -n 9 || { echo 'hamlet-postgres: waiting for another server on this volume to end' >&2; flock 9; }
fi

if [ ! -s "$data/PG_VERSION" ]; then
  [ ! -e "$data" ] || fail "$data is there but holds no PostgreSQL data: nothing is overwritten"
  # Made under another name, so that a start that is cut short leaves nothing that looks complete.
  rm -rf "$data.new"
  # The builtin locale sorts alike in every image and version; before 17 there is only the C library's.
  if initdb --help | grep -q builtin-locale; then
    locale='--locale=C --locale-provider=builtin --builtin-locale=C.UTF-8'
  else
    locale='--locale=C'
  fi
  # shellcheck disable=SC2086
  initdb --pgdata="$data.new" --username=postgres --pwfile="$credentials/superuser-password" \
    --auth=scram-sha-256 --encoding=UTF8 $locale --data-checksums
  mv "$data.new" "$data"
fi

# The Secret may be a new one on an old volume. Kept in the data folder, so a restored volume is noticed as well.
wanted=$(cat "$credentials/password" "$credentials/superuser-password" | sha256sum)
if [ "$(cat "$applied" 2>/dev/null)" != "$wanted" ]; then
  password=$(quoted password)
  superuser=$(quoted superuser-password)
  # One statement a line. Without exit_on_error the single-user server goes on after a failure and reports success.
  postgres --single -D "$data" -c "config_file=$config/postgresql.conf" -c exit_on_error=on -c log_statement=none \
    -c log_min_error_statement=panic postgres >/dev/null <<SQL
DO \$\$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hamlet_admin') THEN CREATE ROLE hamlet_admin; END IF; END \$\$
ALTER ROLE hamlet_admin LOGIN NOSUPERUSER CREATEDB CREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD $password
ALTER ROLE postgres PASSWORD $superuser
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC
GRANT CONNECT ON DATABASE postgres TO hamlet_admin
REVOKE CONNECT ON DATABASE template1 FROM PUBLIC
SQL
  printf '%s\n' "$wanted" >"$applied"
fi

exec postgres -D "$data" -c "config_file=$config/postgresql.conf" -c "hba_file=$config/pg_hba.conf" \
  -c "unix_socket_directories=$sockets"
