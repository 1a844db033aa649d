#!/usr/bin/env bash
# Has spin search every state of handshake.pml and journal.pml: each model as it should be, in several sizes, and then broken
# on purpose, where an error has to be found. Ends with 1 when anything is not as it has to be; the trail of an error stays in the directory.
set -u
out=${1:?usage: run.sh DIRECTORY}
cd "$(dirname "$0")/../.." || exit 1
mkdir -p "$out"
out=$(cd "$out" && pwd)
sources=$PWD/tests/model
cc=${CC:-cc}
failed=0 runs=0
use() { # a model: what follows is about it
	model=$sources/$1.pml
	safe_states=0 failed_before=$failed
	names=$(sed -n 's/^hidden byte \([a-z_]*\);.*/\1/p' "$model")
}

# Generates, compiles and runs one verifier in a directory of its own. pan ends with 0 whatever it finds: its words count.
search() { # name, macros, the compiler's options, pan's options
	local dir=$out/$1
	rm -rf "$dir"
	mkdir -p "$dir"
	cp "$sources"/*.pml "$dir/"
	# shellcheck disable=SC2086 # lists of words
	(cd "$dir" && spin $2 -a "$(basename "$model")" && $cc -w -DMEMLIM=1900 $3 -o pan pan.c && timeout 600 ./pan -m100000 $4) \
		>"$dir/log" 2>&1
}

number() { # file, the words behind it
	sed -n "s/^ *\([0-9.]*\)[[:space:]]*$2.*/\1/p" "$1" | head -n 1
}

not_ok() { # name, what is wrong
	printf 'not ok  %s: %s; see %s\n' "$1" "$2" "$out/$1/log"
	grep -E '^pan:1|^error|rror:' "$out/$1/log" | cut -c1-200 | head -n 3
	failed=$((failed + 1))
}

# What pan says when it has seen every state, and none with an error.
complete() { # log
	grep -q 'errors: 0$' "$1" && ! grep -qE 'Search not completed|max search depth|out of memory|pan: reached' "$1"
}

report() { # name, what
	local log=$out/$1/log
	printf 'ok  %9d states %5.1f s %5.0f MB  %s\n' "$(number "$log" 'states, stored')" \
		"$(sed -n 's/^pan: elapsed time \([0-9.e+-]*\) seconds.*/\1/p' "$log")" \
		"$(number "$log" 'total actual memory')" "$2"
}

# Options: -DSAFETY -DNOCLAIM, no cycles, as every property but the formulas is an assert.
safety() { # name, macros
	runs=$((runs + 1))
	if search "$1" "$2" '-O2 -DSAFETY -DNOCLAIM' '' && complete "$out/$1/log"; then
		report "$1" "$1 ($2)"
		safe_states=$((safe_states + $(number "$out/$1/log" 'states, stored')))
	else
		not_ok "$1" 'not every state was searched, or an error was found'
	fi
}

# Options: -a acceptance cycles, -N of which formula.
formula() { # name, macros
	runs=$((runs + 1))
	if search "$1" "$2" '-O2' "-a -N $1" && complete "$out/$1/log"; then
		report "$1" "$1: $(sed -n "s/^ltl $1 { \(.*\) }/\1/p" "$model") ($2)"
	else
		not_ok "$1" 'not every state was searched, or a cycle was found'
	fi
}

broken() { # macro, the property that has to fail, further macros
	local said
	runs=$((runs + 1))
	search "$1" "-D$1 ${3-}" '-DSAFETY -DNOCLAIM' ''
	said=$(grep '^pan:1: assertion violated' "$out/$1/log")
	case $said in
	*"$2"*) printf 'ok  fails as it has to: %-28s %s\n' "$1" "$2" ;;
	*) not_ok "$1" "$2 did not fail" ;;
	esac
}

# Options: -A and -E leave the asserts and ends to the other runs; what has to be found is the formula's cycle.
broken_formula() { # macro, formula
	runs=$((runs + 1))
	search "$1-$2" "-D$1" '' "-a -A -E -N $2"
	if grep -q '^pan:1: acceptance cycle' "$out/$1-$2/log"; then
		printf 'ok  fails as it has to: %-28s %s\n' "$1" "$2"
	else
		not_ok "$1-$2" "$2 did not fail"
	fi
}

# A rule of the model that no run takes would be checked in vain.
reached() { # name of the run, a process of the model
	local log=$out/$1/log left
	left=$(sed -n '/^unreached in proctype/,/^unreached in claim/p' "$log" | grep '\.pml:' |
		grep -vE '"-end-"|assert\(no_malformed_frame\)')
	runs=$((runs + 1))
	if [ -z "$left" ] && grep -q "^unreached in proctype $2" "$log"; then
		echo "ok  every step of the model is taken in $1"
	else
		not_ok "$1" 'some steps are never taken'
		printf '%s\n' "$left"
	fi
}

properties() {
	[ "$failed" -eq "$failed_before" ] || return 0
	echo "In each of these $safe_states states:"
	for name in $names; do
		printf 'ok  %-28s %s\n' "$name" "$(sed -n "s|^hidden byte $name; */[*] \(.*\) [*]/|\1|p" "$model")"
	done
}

none='-DCUTS=0 -DC_CRASHES=0 -DR_CRASHES=0 -DFULLS=0 -DSPOOL_FULLS=0 -DHANGUPS=0'
few() { # macros that take the place of those in none
	local macros=$none m
	for m in "$@"; do macros=${macros/${m%=*}=0/$m}; done
	echo "-DN=2 $macros"
}

use handshake
echo 'One delivery, two cuts, a crash of each end, a full disk at each end, a sender that hangs up; then more of them:'
safety one '-DPARTS'
reached one Monitor
safety one_whole ''
safety one_old_nonce '-DPARTS -DOLD_NONCE_TOO'
safety one_more_faults '-DPARTS -DCUTS=3 -DC_CRASHES=2 -DR_CRASHES=2 -DFULLS=2'
echo 'Two deliveries, fewer faults:'
safety two_cuts "$(few -DCUTS=2)"
safety two_client_crash "$(few -DCUTS=1 -DC_CRASHES=1)"
safety two_relay_crash "$(few -DCUTS=1 -DR_CRASHES=1)"
safety two_full_hangup "$(few -DCUTS=1 -DFULLS=1 -DHANGUPS=1)"
properties
echo 'In every run:'
formula delivered_at_last '-DPARTS'
formula over_at_last '-DPARTS'
echo 'Broken on purpose:'
broken BAD_FORGET_AT_HAND_OUT acknowledged_is_on_disk
broken BAD_ACK_BEFORE_SPOOLED acknowledged_is_on_disk
broken BAD_RECORDED_BEFORE_COMMIT acknowledged_is_on_disk -DFULLS=0
broken BAD_NO_DEDUP recorded_once
broken BAD_CALL_AT_EVERY_START no_call_after_an_attempt
broken BAD_CALL_FOR_KNOWN called_once_a_life -DC_CRASHES=0
broken BAD_202_AT_RECORDED sender_answered_once
broken BAD_RECORDED_TWICE no_malformed_frame
broken BAD_NO_RESEND all_is_over_at_the_end
broken BAD_NO_CALL_WITHOUT_STREAM all_is_over_at_the_end
broken HOLE_REQUEST_REOPENS one_stream_a_delivery
broken HOLE_ABORT_BEFORE_HEAD all_is_over_at_the_end -DHANGUPS=0
broken HOLE_NO_DONE_FOR_SPOOLED all_is_over_at_the_end
broken HOLE_CANCEL_ONLY_SENT all_is_over_at_the_end
broken ROOM=2 room_in_flight
broken_formula BAD_NO_CALL_WITHOUT_STREAM delivered_at_last
broken_formula HOLE_NO_DONE_FOR_SPOOLED over_at_last
use journal
echo 'The journal: two deliveries, two kills, a power cut; then more of them:'
safety journal ''
reached journal Client
safety journal_more_faults '-DN=1 -DKILLS=4 -DPOWER_CUTS=3'
safety journal_two_power_cuts '-DKILLS=3 -DPOWER_CUTS=2'
properties
echo 'Broken on purpose:'
broken BAD_ACKNOWLEDGED_BEFORE_SYNC acknowledged_is_on_record
broken BAD_BEGUN_AGAIN_AT_COMMIT acknowledged_is_on_record
broken HOLE_ROW_IS_NOT_SYNCED acknowledged_is_on_record
broken BAD_ANSWERED_BEFORE_WRITTEN answered_is_not_called_again -DPOWER_CUTS=0
broken BAD_MARK_LATER brought_in_once
broken HOLE_END_IS_NOT_LOOKED_FOR brought_in_once
echo "model: $((runs - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
