# The environment of every script here, to be sourced: `. scripts/env.sh`.
#
# Works from a bare PATH and an empty HOME: looks for cargo in its usual places and puts the tools
# that the set-up keeps in .tools/ in front. Changes nothing on disk.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/.tools

# An empty or missing HOME is the account's own; cargo, npm and Chromium all need one.
account_home=$(getent passwd "$(id -u)" | cut -d: -f6)
export HOME="${HOME:-$account_home}"

# rustup's cargo in its usual places, in front of a system's own: that is the one its owner keeps
# up to date. It must also find its toolchains when HOME is not the account's own.
for home in "${CARGO_HOME:-}" "$HOME/.cargo" "$account_home/.cargo" /usr/local/cargo; do
  command -v rustup >/dev/null && break
  if [ -n "$home" ] && [ -x "$home/bin/rustup" ]; then PATH=$home/bin:$PATH; fi
done
if command -v rustup >/dev/null && [ -z "${RUSTUP_HOME:-}" ]; then
  for home in "$HOME/.rustup" "$account_home/.rustup" /usr/local/rustup; do
    if [ -d "$home/toolchains" ]; then export RUSTUP_HOME=$home; break; fi
  done
fi
unset home

# /usr/sbin and /sbin are for apt's scripts.
export PATH="$tools/bin:$tools/node_modules/.bin:$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}"
