#include "tests/faults/census.h"

#include <ftw.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/faults/tracer.h"

namespace faults {
namespace {

namespace fs = std::filesystem;

constexpr int kPauseMs = 5;
constexpr int kPauses = 2000;  // 10 s

// What has exited and came to us as the subreaper.
void reap() {
  while (::waitpid(-1, nullptr, WNOHANG | __WALL) > 0) {
  }
}

void add_files(Census& census, const std::string& directory, bool only_directories) {
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (only_directories && !entry->is_directory(ignored)) continue;
    census.insert((only_directories ? "cgroup " : "file ") + entry->path().string());
  }
}

void add_mounts(Census& census) {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) census.insert("mount " + line);
}

// All but this process and what runs it: those are there the whole time.
void add_processes(Census& census) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      continue;
    }
    std::string comm;
    std::getline(std::ifstream(entry.path() / "comm"), comm);
    if (!comm.empty()) census.insert("process " + name + " " + comm);
  }
}

}  // namespace

Census take_census(const std::vector<std::string>& directories) {
  reap();
  Census census;
  add_files(census, "/sys/fs/cgroup", true);
  add_mounts(census);
  add_processes(census);
  for (const std::string& directory : directories) add_files(census, directory, false);
  return census;
}

std::string difference(const Census& expected, const std::vector<std::string>& directories) {
  Census found;
  for (int pause = 0; pause < kPauses; ++pause) {
    found = take_census(directories);
    if (found == expected) return {};
    ::poll(nullptr, 0, kPauseMs);
  }
  std::string text;
  for (const std::string& entry : found) {
    if (expected.count(entry) == 0) text += " left: " + entry + ";";
  }
  for (const std::string& entry : expected) {
    if (found.count(entry) == 0) text += " missing: " + entry + ";";
  }
  return text;
}

}  // namespace faults
