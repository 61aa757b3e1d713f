#!/bin/sh
# Whether PostgreSQL takes connections, for images without pg_isready: line 8 of the server's own pid file says it.
if command -v pg_isready >/dev/null 2>&1; then
  exec pg_isready -q -h /run/postgresql -t 2
fi
case "$(sed -n 8p /data/pgdata/postmaster.pid 2>/dev/null)" in
  ready*) exit 0 ;;
esac
exit 1
