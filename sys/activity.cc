#include "sys/activity.h"

#include <array>
#include <string_view>

#include "sys/files.h"
#include "sys/procfs.h"

namespace myrt::sys {
namespace {

struct NamedState {
  char letter;
  std::string_view words;
};
constexpr auto kStates = std::to_array<NamedState>({
    {'R', "running"},
    {'S', "sleeping"},
    {'D', "uninterruptible: a disk, or a filesystem of the network"},
    {'T', "stopped by a signal"},
    {'t', "stopped by a tracer"},
    {'Z', "dead"},
    {'X', "dead"},
    {'I', "idle"},
});

std::string_view words_of(char letter) {
  for (const NamedState& state : kStates) {
    if (state.letter == letter) return state.words;
  }
  return "unknown";
}

}  // namespace

std::string activity_of(pid_t pid) {
  const auto stat = read_process_stat(pid);
  if (!stat.ok()) return fmt::format("process {}", pid);
  if (!*stat) return fmt::format("process {}: gone", pid);
  const char letter = (*stat)->state;
  std::string text = fmt::format("process {}: state {} ({})", pid, letter, words_of(letter));
  // "0" when it runs, or where the kernel does not say.
  const auto channel = read_file(fmt::format("/proc/{}/wchan", pid));
  if (channel.ok() && !channel->empty() && *channel != "0")
    text += fmt::format(", in `{}`", *channel);
  return text;
}

}  // namespace myrt::sys
