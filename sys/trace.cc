#include "sys/trace.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>
#include <vector>

#include "sys/files.h"
#include "sys/unique_fd.h"

namespace myrt::sys {
namespace {

std::int64_t nanoseconds(clockid_t clock) {
  timespec now = {};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

struct Begin {
  std::string_view phase;
  std::int64_t at_ns;
};

// The format counts in microseconds.
std::string microseconds(std::int64_t ns) { return fmt::format("{}.{:03}", ns / 1000, ns % 1000); }

std::string name_event(std::string_view process, pid_t pid) {
  return fmt::format(R"({{"name":"process_name","ph":"M","pid":{},"args":{{"name":"{}"}}}})", pid,
                     process);
}

std::string phase_event(const Begin& begin, std::int64_t end_ns, std::string_view process,
                        pid_t pid) {
  return fmt::format(R"({{"name":"{}","cat":"{}","ph":"X","ts":{},"dur":{},"pid":{},"tid":{}}})",
                     begin.phase, process, microseconds(begin.at_ns),
                     microseconds(end_ns - begin.at_ns), pid, pid);
}

// The events of one process, one a line, with a comma between them.
std::string events(const std::vector<Begin>& phases, std::string_view process, pid_t pid) {
  const std::int64_t now_ns = nanoseconds(CLOCK_MONOTONIC);
  std::string text = name_event(process, pid);
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const std::int64_t end_ns = i + 1 < phases.size() ? phases[i + 1].at_ns : now_ns;
    text += ",\n" + phase_event(phases[i], end_ns, process, pid);
  }
  return text;
}

}  // namespace

struct Trace::Recording {
  UniqueFd file;
  std::string path;
  std::vector<Begin> phases;
};

Result<Trace> Trace::open(const std::string& path) {
  // The kernel does not tell when a process began, but the CPU time that it has used since.
  const std::int64_t began_ns =
      nanoseconds(CLOCK_MONOTONIC) - nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  Trace trace;
  trace.recording_ = std::make_shared<Recording>();
  // Two processes write, each all that it has at once.
  trace.recording_->file =
      TRY(sys::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOCTTY, 0644));
  trace.recording_->path = path;
  trace.recording_->phases.push_back({"start-up", began_ns});
  TRY(write_all(trace.recording_->file.get(), "[\n", path));
  return trace;
}

void Trace::enter(std::string_view phase) const {
  if (recording_) recording_->phases.push_back({phase, nanoseconds(CLOCK_MONOTONIC)});
}

void Trace::begin_clone(std::string_view phase) const {
  if (recording_) recording_->phases = {{phase, nanoseconds(CLOCK_MONOTONIC)}};
}

void Trace::write_clone(std::string_view name, pid_t pid) const {
  if (!recording_) return;
  ignore(write_all(recording_->file.get(), events(recording_->phases, name, pid) + ",\n",
                   recording_->path),
         "the parent meets the same error, and reports it");
  recording_->phases.clear();
}

Result<> Trace::close() const {
  if (!recording_) return {};
  const std::string text = events(recording_->phases, "runtime", ::getpid()) + "\n]\n";
  return write_all(recording_->file.get(), text, recording_->path);
}

}  // namespace myrt::sys
