#include "cgroups/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "sys/files.h"
#include "sys/process.h"

namespace myrt::cgroups {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A cgroup that goes away while it is read says one of these.
bool is_gone(const Error& error) {
  return error.errno_value == ENOENT || error.errno_value == ENODEV;
}

milliseconds until(Clock::time_point deadline) {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(deadline - Clock::now()));
}

// Waits until the cgroup has no process any more, or something changed, or `at_most` is over.
void wait_for_change(const std::string& directory, milliseconds at_most) {
  // v2 tells; the file has to be read before the poll (kernfs counts changes from there).
  Result<sys::UniqueFd> events = sys::open(directory + "/cgroup.events", O_RDONLY);
  if (events.ok()) {
    const Result<std::string> text = sys::read_all(events->get(), "cgroup.events");
    if (text.ok() && flat_keyed_value(*text, "populated").value_or(0) == 1) {
      pollfd wait = {.fd = events->get(), .events = POLLPRI, .revents = 0};
      ::poll(&wait, 1, static_cast<int>(at_most.count()));
      return;
    }
  } else {
    const Result<std::vector<pid_t>> pids = pids_in(directory);
    if (pids.ok() && !pids->empty()) {
      const Result<sys::UniqueFd> pidfd = sys::pidfd_open(pids->front());
      // A zombie has left the cgroup, so its end is what matters, not its reaping.
      if (pidfd.ok()) {
        ignore(sys::wait_for_exit(pidfd->get(), std::min(at_most, milliseconds(100))),
               "the caller tries again in any case");
        return;
      }
    }
  }
  // Nothing to wait on: the kernel is still taking the cgroup's last task apart.
  ::poll(nullptr, 0, static_cast<int>(std::min(at_most, milliseconds(2)).count()));
}

}  // namespace

bool has_controller(std::string_view joined_controllers, std::string_view controller) {
  while (!joined_controllers.empty()) {
    const std::size_t comma = joined_controllers.find(',');
    if (joined_controllers.substr(0, comma) == controller) return true;
    if (comma == std::string_view::npos) break;
    joined_controllers.remove_prefix(comma + 1);
  }
  return false;
}

const std::string* unified_directory(const Location& location) {
  for (const auto& [controllers, directory] : location.directories) {
    if (controllers.empty()) return &directory;
  }
  return nullptr;
}

const std::string* directory_of(const Location& location, std::string_view controller) {
  for (const auto& [controllers, directory] : location.directories) {
    if (has_controller(controllers, controller)) return &directory;
  }
  return nullptr;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  constexpr std::string_view kSpace = " \t\n";
  while (true) {
    const std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const std::size_t end = text.find_first_of(kSpace);
    words.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end);
  }
}

std::optional<std::uint64_t> flat_keyed_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      std::uint64_t value = 0;
      const char* end = line.data() + line.size();
      const auto parsed = std::from_chars(line.data() + key.size() + 1, end, value);
      if (parsed.ec == std::errc() && parsed.ptr == end) return value;
      return std::nullopt;
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return std::nullopt;
}

Result<std::optional<std::string>> read_if_present(const std::string& path) {
  Result<std::string> text = sys::read_file(path);
  if (text.ok()) return std::optional(std::move(text).value());
  if (is_gone(text.error())) return std::optional<std::string>();
  return std::move(text).error();
}

Result<std::vector<std::string>> child_cgroups(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), &::closedir);
  if (stream == nullptr) {
    const int error = errno;
    if (error == ENOENT || error == ENODEV) return std::vector<std::string>();
    return errno_error("opendir", fmt::format("list `{}`", directory), error);
  }
  std::vector<std::string> names;
  // kernfs fills in d_type, so the many files of a cgroup cost no stat each.
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

Result<std::vector<pid_t>> pids_in(const std::string& directory) {
  std::vector<pid_t> pids;
  Result<std::optional<std::string>> text = read_if_present(directory + "/cgroup.procs");
  // A threaded cgroup has no such list; its domain's has the processes.
  if (!text.ok() && text.error().errno_value == EOPNOTSUPP) return pids;
  if (!text.ok()) return std::move(text).error();
  if (!text->has_value()) return pids;
  for (const std::string& word : split_words(**text)) {
    pid_t pid = 0;
    std::from_chars(word.data(), word.data() + word.size(), pid);
    if (pid > 0) pids.push_back(pid);
  }
  return pids;
}

Result<std::vector<pid_t>> pids_below(const std::string& directory) {
  std::vector<pid_t> pids = TRY(pids_in(directory));
  for (const std::string& name : TRY(child_cgroups(directory))) {
    const std::vector<pid_t> more = TRY(pids_below(fmt::format("{}/{}", directory, name)));
    pids.insert(pids.end(), more.begin(), more.end());
  }
  return pids;
}

Result<bool> remove_directory(const std::string& directory, Clock::time_point deadline) {
  while (true) {
    if (::rmdir(directory.c_str()) == 0) return true;
    const int error = errno;
    if (error == ENOENT || error == ENODEV) return true;
    if (error != EBUSY && error != ENOTEMPTY && error != EINTR) {
      return errno_error("rmdir", fmt::format("rmdir `{}`", directory), error);
    }
    const std::vector<std::string> children = TRY(child_cgroups(directory));
    for (const std::string& name : children) {
      if (!TRY(remove_directory(fmt::format("{}/{}", directory, name), deadline))) return false;
    }
    if (!children.empty() && ::rmdir(directory.c_str()) == 0) return true;
    const milliseconds left = until(deadline);
    if (left.count() == 0) return false;
    wait_for_change(directory, left);
  }
}

}  // namespace myrt::cgroups
