// run_in_child: runs a function in a process (and namespaces) of its own, for tests that change the
// process.
#pragma once

#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>

#include "sys/files.h"
#include "sys/process.h"

namespace myrt::test {

constexpr const char* kNoNamespaces = "namespaces are not available here";

// The text that `function` returns in the child, "" when the child died before.
template <class Function>
std::string run_in_child(std::uint64_t flags, Function function) {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return "pipe2 failed";
  const sys::UniqueFd reader(ends[0]);
  sys::UniqueFd writer(ends[1]);
  Result<std::optional<sys::ChildProcess>> clone = sys::clone3({flags, -1});
  if (!clone.ok()) return kNoNamespaces;
  if (!clone->has_value()) {
    // The test framework's handlers must not report from in here.
    if (!sys::reset_signals().ok()) ::_exit(1);
    const std::string text = function();
    const bool sent = sys::write_all(writer.get(), text, "pipe").ok();
    ::_exit(sent ? 0 : 1);
  }
  writer.reset();
  Result<std::string> text = sys::read_all(reader.get(), "pipe");
  const Result<sys::ExitStatus> status = (*clone)->wait();
  if (!text.ok() || !status.ok()) return "the child could not be followed";
  return *text;
}

// "ok", or the message of the failure.
template <class T>
std::string outcome(const Result<T>& result) {
  return result.ok() ? "ok" : result.error().message;
}

}  // namespace myrt::test
