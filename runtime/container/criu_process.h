// The CRIU process that serves one checkpoint or restore.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cgroups/cgroup.h"
#include "runtime/criu/conversation.h"
#include "runtime/myrt.h"
#include "sys/process.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::container {

struct CriuLaunch {
  std::string binary;             // absolute
  std::vector<int> inherited;     // fds that it has under the same numbers
  std::uint64_t clone_flags = 0;  // CLONE_NEWNS for a restore
  int cgroup_fd = -1;             // v2: it starts in this cgroup, as what it restores does
  const cgroups::SelfJoin* self_join = nullptr;  // v1: likewise
  std::function<Result<>()> prepare;             // runs in the process, before CRIU is executed
};

// Killed with the object, unless finish() has waited for it.
struct CriuProcess {
  sys::ChildProcess process;
  sys::UniqueFd socket;

  // Closes the conversation and reaps it.
  void finish();
};

// Starts `criu swrk`. Its standard streams are ours, its environment is only PATH. Errors:
// not_found without a binary; those of `prepare`; system.
Result<CriuProcess> launch_criu(const CriuLaunch& launch);

// Asks for the version, and refuses one that cannot do what this runtime asks of it. Errors:
// unsupported.
Result<> check_criu_version(const CriuProcess& criu);
// Refuses pre-dumps and lazy pages where CRIU or the kernel lacks them. Errors: unsupported.
struct NeededFeatures {
  bool memory_tracking = false, lazy_pages = false;
};
Result<> check_criu_features(const CriuProcess& criu, const NeededFeatures& needed);

// The Error of an answer that says no: `criu failed: type DUMP errno N`, the log file, and what the
// log says of it.
Error criu_failure(const criu::Response& response, const std::string& log_path);

// What checkpoint and restore share of CRIU's options. Errors: invalid_argument for a word that is
// none.
Result<criu::Options> shared_criu_options(const CriuOptions& options);
// org.criu.config, or the file in /etc/criu that is there.
std::string criu_config_file(const std::map<std::string, std::string>& annotations);

}  // namespace myrt::container
