
# What follows is not of the suite, which starts its helper programs in the background and goes on:
# a runtime that is fast enough finds no socket. Wait for it.
await_socket() {
	local _
	for _ in {1..200}; do
		[ ! -S "$1" ] || return 0
		sleep 0.05
	done
	fail "no socket at $1"
}

eval "suite_$(declare -f setup_recvtty)"
function setup_recvtty() {
	suite_setup_recvtty && await_socket "$CONSOLE_SOCKET"
}

eval "suite_$(declare -f setup_seccompagent)"
function setup_seccompagent() {
	suite_setup_seccompagent && await_socket "$SECCCOMP_AGENT_SOCKET"
}

# A case that stops in the middle leaves the receiver that it has started itself, and bats waits for
# whoever holds its output.
eval "suite_$(declare -f teardown_bundle)"
function teardown_bundle() {
	if [ -s "${TMP_RECVTTY_PID:-}" ]; then
		kill -9 "$(<"$TMP_RECVTTY_PID")" || :
	fi
	suite_teardown_bundle
}
