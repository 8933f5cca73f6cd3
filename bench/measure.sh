# shellcheck shell=bash disable=SC2154
# What bench/run and bench/logs share: $out is where files go.

# timed NAME COMMAND...: adds "CPU-seconds wall-seconds peak-KiB" to $out/NAME.times; the command's output stays in $out/NAME.out
timed() {
  local name=$1
  shift
  /usr/bin/time -o "$out/time" -f '%U %S %e %M' "$@" >"$out/$name.out" 2>"$out/$name.err" || { cat "$out/$name.err" >&2; echo "failed: $*" >&2; exit 1; }
  awk '{ print $1 + $2, $3, $4 }' "$out/time" >>"$out/$name.times"
}
median() { cut -d' ' -f"$2" "$out/$1.times" | sort -g | awk '{ v[NR] = $1 } END { m = int((NR + 1) / 2); print NR % 2 ? v[m] : (v[m] + v[m + 1]) / 2 }'; }
divide() { awk -v a="$1" -v b="$2" -v f="${3:-%.2f}" 'BEGIN { if (b > 0) printf f, a / b; else print "-" }'; }
# field NAME: a number of the run record
field() { grep '"record":"run"' "$out/watchpost.out" | grep -o "\"$1\":[0-9]*" | head -1 | cut -d: -f2; }
# Whether a campaign that stands names this source.
found() { if grep '"record":"campaign"' "$out/watchpost.out" | grep -v '"status":"withdrawn"' | grep -c "\"$1\"" >/dev/null; then echo "$1 found"; else echo "$1 NOT FOUND"; fi; }
