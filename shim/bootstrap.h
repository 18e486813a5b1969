// What the shim's command does before and after a server: `start` finds or makes the one for a
// group of containers, `delete` clears up after one that has died, `-info` says what the runtime
// can do.
#pragma once

#include <string>
#include <string_view>

#include "shim/arguments.h"
#include "sys/late_close.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::shim {

// What containerd gives by environment.
struct Environment {
  std::string ttrpc_address;  // for events
  // The newest version of the answer that containerd reads, and of the task service that it calls:
  // 1 is an address alone (1.6), 2 (1.7) and 3 (2.0) are JSON.
  int answer_version = 1;

  bool is_of_containerd_1_6() const { return answer_version == 1; }
};

// The id of the pod that the container belongs to, as its annotations say; else its own.
// Pure.
std::string group_of(std::string_view config_json, const std::string& id);
// "/run/containerd/s/HASH": one for each containerd, namespace and group. Pure.
std::string socket_path(const std::string& containerd, const std::string& name_space,
                        const std::string& group);
// From GRPC_ADDRESS, which 1.7 and later set, and MAX_SHIM_VERSION. Pure.
int answer_version(const std::string& grpc_address, const std::string& max_version);
// The answer to `start` on stdout; containerd 2.3 still reads these too. Pure.
std::string start_answer(const std::string& address, const Environment& environment);

// In the bundle. Returns what belongs on stdout. The server, if there is to be one, is a child that
// returns from here too: with an empty answer, when it has ended. It closes `seal`, which only
// waits.
Result<std::string> start(const Arguments& arguments, const Environment& environment,
                          std::string_view input, const sys::LateClose& seal);
// The DeleteResponse. In a bundle beside the container's own.
Result<std::string> remove(const Arguments& arguments);
// The RuntimeInfo message.
std::string info();

}  // namespace myrt::shim
