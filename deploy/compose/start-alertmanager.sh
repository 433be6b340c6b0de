#!/bin/sh
# Starts Alertmanager on CONFIGURATION, with the options given. Where the configuration has an example in place of the URL of the dead man's switch, the one in
# the file SECRETS/watchdog-url is put in: Alertmanager reads it from a file only from 0.26 on. Without that file nothing starts, for then nobody would be
# called when all of this is gone. The URL is in no environment and on no command line; a new one needs a new start.
set -eu
configuration=${CONFIGURATION:-/etc/alertmanager/alertmanager.yml}
secret=${SECRETS:-/etc/alertmanager/secrets}/watchdog-url
made=${MADE:-/tmp/alertmanager.yml}
example='url: https://watchdog-url\.invalid/'

umask 077
if grep -q "$example" "$configuration"; then
  url=$(cat "$secret") || url=
  case $url in
    http://?* | https://?*) ;;
    *)
      echo "$secret must hold the URL of the dead man's switch" >&2
      exit 2
      ;;
  esac
  escaped=$(printf '%s' "$url" | sed 's/[\\&|]/\\&/g')
  # The program comes through a pipe: arguments of processes are seen by others.
  printf 's|%s|url: %s|\n' "$example" "$escaped" | sed -f - "$configuration" >"$made"
else
  cat "$configuration" >"$made"
fi
# Debian's package calls it prometheus-alertmanager.
program=$(command -v alertmanager || command -v prometheus-alertmanager)
exec "$program" --config.file="$made" "$@"
