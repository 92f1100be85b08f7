#!/bin/sh
# Runs in the `backup` container (POSIX sh, Postgres' own tools): loop | once LABEL | restore FILE
# A backup counts only when it was restored into a scratch database and every table there has the same rows.
set -eu
umask 077
BACKUPS=${BACKUPS_DIR:-/backups}
UPLOADS=${UPLOADS_DIR:-/data/uploads}
SCRATCH=citypulse_verify
export PGOPTIONS="-c statement_timeout=0 -c lock_timeout=10s -c idle_in_transaction_session_timeout=0 -c client_min_messages=warning"

say() { printf '{"service":"backup","event":"%s"}\n' "$*"; }
sql() { psql -X -q -v ON_ERROR_STOP=1 -At "$@"; }

# One line a table: rows, and a sum over them that does not depend on their order.
# shellcheck disable=SC2016  # dollar quotes of SQL
fingerprint_sql='
SELECT format($f$SELECT %L, count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM %I.%I t$f$,
              n.nspname || $d$.$d$ || c.relname, n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = $k$r$k$ AND n.nspname NOT IN ($a$pg_catalog$a$, $a$information_schema$a$)
ORDER BY 1 \gexec'

# Dump and fingerprint see the same moment, however busy the database is.
dump() { # file, fingerprint file
    export DUMP_FILE="$1"
    {
        echo 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;'
        echo 'SELECT pg_export_snapshot() AS snapshot \gset'
        echo '\setenv SNAPSHOT :snapshot'
        # shellcheck disable=SC2016  # psql's own shell expands it
        echo '\! pg_dump -Fc --no-owner --no-acl --snapshot="$SNAPSHOT" -f "$DUMP_FILE" || rm -f "$DUMP_FILE"'
        echo "$fingerprint_sql"
        echo 'COMMIT;'
    } | sql -f - >"$2"
    [ -s "$1" ]
}

restore_into() { # database, file
    sql -d postgres -c "DROP DATABASE IF EXISTS $1 WITH (FORCE)" -c "CREATE DATABASE $1 TEMPLATE template0"
    pg_restore --exit-on-error --no-owner --no-acl -d "$1" "$2"
}

verify() { # dump, fingerprint
    restore_into "$SCRATCH" "$1"
    echo "$fingerprint_sql" | sql -d "$SCRATCH" -f - >"$2.restored"
    sql -d postgres -c "DROP DATABASE $SCRATCH"
    cmp "$2" "$2.restored"
    rm -f "$2.restored"
}

keep() { # pattern, how many
    # shellcheck disable=SC2012,SC2086  # names are ours: no spaces, and the pattern is meant to expand
    ls -1t $1 2>/dev/null | tail -n "+$(($2 + 1))" | while read -r old; do rm -f "$old" "$old.rows"; done
}

once() { # label
    mkdir -p "$BACKUPS/weekly"
    rm -f "$BACKUPS"/*.part "$BACKUPS"/*.part.rows*
    file="$BACKUPS/db-$(date -u +%Y%m%dT%H%M%SZ).dump"
    began=$(date +%s)
    if ! dump "$file.part" "$file.part.rows" || ! verify "$file.part" "$file.part.rows"; then
        rm -f "$file.part" "$file.part.rows" "$file.part.rows.restored"
        say "FAILED: the dump could not be made, or does not give back what was there"
        return 1
    fi
    mv "$file.part.rows" "$file.rows"
    mv "$file.part" "$file"
    if [ "$(date -u +%u)" = 7 ]; then ln -f "$file" "$BACKUPS/weekly/$(basename "$file")"; fi
    if ! tar -C "$UPLOADS" -cf "$BACKUPS/uploads.tar.part" .; then
        rm -f "$BACKUPS/uploads.tar.part"
        say "FAILED: the files could not be kept"
        return 1
    fi
    mv "$BACKUPS/uploads.tar.part" "$BACKUPS/uploads-$(date -u +%Y%m%dT%H%M%SZ).tar"
    keep "$BACKUPS/db-*.dump" 7
    keep "$BACKUPS/weekly/db-*.dump" 4
    keep "$BACKUPS/uploads-*.tar" 2
    tables=$(wc -l <"$file.rows")
    date -u +%FT%TZ >"$BACKUPS/last-verified"
    say "$(basename "$file") ($1): $tables tables verified, $(wc -c <"$file") bytes, $(($(date +%s) - began)) s"
}

restore() { # file below the backups
    stamp=$(date -u +%Y%m%d%H%M%S)
    restore_into citypulse_restored "$BACKUPS/$1"
    if [ -s "$BACKUPS/$1.rows" ]; then
        echo "$fingerprint_sql" | sql -d citypulse_restored -f - | cmp - "$BACKUPS/$1.rows"
    fi
    # Positions of the old history mean nothing in this one: browsers that come back start afresh.
    sql -d citypulse_restored -c 'UPDATE stream_state SET epoch = epoch + 1' -c 'TRUNCATE events'
    sql -d postgres \
        -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$PGDATABASE'" \
        -c "ALTER DATABASE \"$PGDATABASE\" RENAME TO \"${PGDATABASE}_before_$stamp\"" \
        -c "ALTER DATABASE citypulse_restored RENAME TO \"$PGDATABASE\"" >/dev/null
    say "$1 is in place; what was there is ${PGDATABASE}_before_$stamp"
}

# The next turn is due when today's time of day has passed and the newest backup is older than it.
due() {
    [ -s "$BACKUPS/last-verified" ] || return 0
    [ -n "$(find "$BACKUPS/last-verified" -mmin +1200)" ] && [ "$(date -u +%H%M)" -ge "${BACKUP_AT:-0317}" ]
}

case ${1:-} in
    once) once "${2:-by-hand}" ;;
    restore) restore "${2:?}" ;;
    loop)
        while :; do
            if due; then once nightly || say "FAILED: the next try is in ten minutes"; fi
            sleep 600 &
            wait $!
        done
        ;;
    *)
        echo "usage: backup-inside.sh loop | once LABEL | restore FILE" >&2
        exit 2
        ;;
esac
