// The OCI `state` document and the container process state sent to seccomp listeners (runtime.md,
// "State").
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace myrt::oci {

// `paused` is an extension that runc's users know (STA-04).
enum class Status : std::uint8_t { creating, created, running, paused, stopped };
std::string_view to_string(Status status);

struct State {
  std::string oci_version;  // of the spec that the document follows; empty: kVersionMax
  std::string id;
  Status status = Status::creating;
  pid_t pid = 0;  // 0 when stopped
  std::string bundle;
  std::map<std::string, std::string> annotations;
};

// Compact JSON as hooks get it on stdin: ociVersion, id, status, pid, bundle, annotations (contract
// §3).
std::string to_json(const State& state);

// What `state` and `list` print beside the above.
struct StateExtras {
  std::string rootfs;
  std::string created;  // RFC3339Nano
  std::string owner;
};
// Indented by two spaces, no newline at the end, as `myrt state` prints it.
std::string to_json_indented(const State& state, const StateExtras& extras);
// One array for `list --format json`, compact; "null" when empty.
std::string to_json_array(const std::vector<std::pair<State, StateExtras>>& containers);

// config-linux.md, "The Container Process State": the message for a seccomp agent, with fds =
// ["seccompFd"].
std::string container_process_state_json(const State& state, pid_t pid,
                                         const std::string& metadata);

}  // namespace myrt::oci
