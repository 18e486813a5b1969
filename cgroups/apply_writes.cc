#include "cgroups/apply_writes.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "sys/files.h"
#include "sys/unique_fd.h"

namespace myrt::cgroups {
namespace {

const Target* find_target(const std::string& controller, Mode mode,
                          const std::vector<Target>& targets) {
  const auto matches = [&](const Target& target) {
    if (mode == Mode::v2) return target.controllers.empty();
    return std::find(target.controllers.begin(), target.controllers.end(), controller) !=
           target.controllers.end();
  };
  const auto found = std::find_if(targets.begin(), targets.end(), matches);
  return found == targets.end() ? nullptr : &*found;
}

// The file that was written last stays open: device rules are many values for one file.
class Writer {
 public:
  Writer(Mode mode, const std::vector<Target>& targets) : mode_(mode), targets_(targets) {}

  Result<> write(const Write& write) {
    const Target* target = find_target(write.controller, mode_, targets_);
    if (target == nullptr) return missing_controller(write);
    Result<> result = write_file(target->directory_fd, write.file, write.value);
    if (!result.ok() && result.error().errno_value == ENOENT && write.alternative) {
      result = write_file(target->directory_fd, write.alternative->file, write.alternative->value);
    }
    if (result.ok()) return result;
    const int error = result.error().errno_value;
    if (error == ENOENT && write.on_missing == OnMissing::skip) return {};
    const bool denied = error == EPERM || error == EACCES;
    if (denied && write.on_denied == OnDenied::skip) return {};
    if (error == ENOENT) return missing_file(write);
    return std::move(result).at(write.pointer);
  }

 private:
  Result<> write_file(int directory_fd, const std::string& name, const std::string& value) {
    if (directory_fd != open_directory_ || name != open_name_) {
      open_directory_ = -1;
      Result<sys::UniqueFd> file = sys::open_at(directory_fd, name, O_WRONLY);
      if (!file.ok()) return std::move(file).error();
      file_ = std::move(file).value();
      open_directory_ = directory_fd;
      open_name_ = name;
    }
    return sys::write_kernel_file(file_.get(), name, value);
  }

  Result<> missing_controller(const Write& write) const {
    if (write.on_missing == OnMissing::skip) return {};
    Error error =
        make_error(ErrorCode::unsupported,
                   targets_.empty()
                       ? fmt::format("set `{}`: the container has no cgroup of its own", write.file)
                       : fmt::format("set `{}`: cgroup controller `{}` is not available",
                                     write.file, write.controller));
    error.pointer = write.pointer;
    return error;
  }

  static Result<> missing_file(const Write& write) {
    Error error =
        make_error(ErrorCode::unsupported,
                   fmt::format("set `{}` to `{}`: the cgroup does not have it (a controller that "
                               "is not enabled, or a kernel without the feature)",
                               write.file, write.value));
    error.pointer = write.pointer;
    error.errno_value = ENOENT;
    return error;
  }

  Mode mode_;
  const std::vector<Target>& targets_;
  int open_directory_ = -1;
  std::string open_name_;
  sys::UniqueFd file_;
};

// Each round writes what the round before could not; one that gets nowhere ends it.
Result<> write_interdependent(Writer& writer, std::span<const Write> group) {
  std::vector<const Write*> pending;
  for (const Write& write : group) pending.push_back(&write);
  while (true) {
    std::vector<const Write*> refused;
    std::optional<Error> first;
    for (const Write* write : pending) {
      Result<> result = writer.write(*write);
      if (result.ok()) continue;
      if (result.error().errno_value != EINVAL) return result;
      refused.push_back(write);
      if (!first) first = std::move(result).error();
    }
    if (refused.empty()) return {};
    if (refused.size() == pending.size()) return *std::move(first);
    pending = std::move(refused);
  }
}

}  // namespace

Result<> apply_writes(const Writes& writes, Mode mode, const std::vector<Target>& targets) {
  Writer writer(mode, targets);
  for (std::size_t i = 0; i < writes.size();) {
    if (!writes[i].interdependent) {
      TRY(writer.write(writes[i]));
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end < writes.size() && writes[end].interdependent &&
           writes[end].controller == writes[i].controller) {
      ++end;
    }
    TRY(write_interdependent(writer, std::span(writes).subspan(i, end - i)));
    i = end;
  }
  return {};
}

}  // namespace myrt::cgroups
