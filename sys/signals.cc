#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "sys/process.h"

namespace myrt::sys {
namespace {

// glibc keeps 32 and 33 for itself; everybody's RTMIN is 34.
constexpr int kRealTimeMin = 34;
constexpr int kLastSignal = 64;
constexpr std::size_t kKernelSetBytes = 8;

// sigaction as rt_sigaction(2) takes it on the 64-bit architectures.
struct KernelSigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  std::uint64_t mask;
};

struct SignalName {
  std::string_view name;
  int number;
};

// signal_name() gives the first name of a number.
constexpr std::array<SignalName, 35> kSignalNames = {{
    {"HUP", SIGHUP},   {"INT", SIGINT},       {"QUIT", SIGQUIT},  {"ILL", SIGILL},
    {"TRAP", SIGTRAP}, {"ABRT", SIGABRT},     {"BUS", SIGBUS},    {"FPE", SIGFPE},
    {"KILL", SIGKILL}, {"USR1", SIGUSR1},     {"SEGV", SIGSEGV},  {"USR2", SIGUSR2},
    {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},     {"TERM", SIGTERM},  {"STKFLT", SIGSTKFLT},
    {"CHLD", SIGCHLD}, {"CONT", SIGCONT},     {"STOP", SIGSTOP},  {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},     {"URG", SIGURG},    {"XCPU", SIGXCPU},
    {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF},  {"WINCH", SIGWINCH},
    {"IO", SIGIO},     {"PWR", SIGPWR},       {"SYS", SIGSYS},    {"IOT", SIGABRT},
    {"CLD", SIGCHLD},  {"POLL", SIGIO},       {"UNUSED", SIGSYS},
}};

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& letter : upper) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return upper;
}

// Digits only: no sign, no blanks, no overflow.
std::optional<int> parse_number(std::string_view digits) {
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return std::nullopt;
  int number = 0;
  const char* end = digits.data() + digits.size();
  const std::from_chars_result parsed = std::from_chars(digits.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

// "RTMIN", "RTMIN+n", "RTMAX", "RTMAX-n".
std::optional<int> parse_real_time(std::string_view name) {
  const bool from_min = name.starts_with("RTMIN");
  if (!from_min && !name.starts_with("RTMAX")) return std::nullopt;
  const std::string_view rest = name.substr(5);
  if (rest.empty()) return from_min ? kRealTimeMin : kLastSignal;
  if (rest[0] != (from_min ? '+' : '-')) return std::nullopt;
  const std::optional<int> distance = parse_number(rest.substr(1));
  if (!distance || *distance > kLastSignal - kRealTimeMin) return std::nullopt;
  return from_min ? kRealTimeMin + *distance : kLastSignal - *distance;
}

std::optional<int> parse_name(std::string_view text) {
  const std::string upper = upper_case(text);
  std::string_view name = upper;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (const SignalName& entry : kSignalNames) {
    if (entry.name == name) return entry.number;
  }
  return parse_real_time(name);
}

// The bit set after `label` in /proc/PID/status, e.g. "SigIgn:\t0000000000001000\n".
std::optional<std::uint64_t> parse_signal_set(std::string_view status, std::string_view label) {
  const std::size_t begin = status.find(label);
  if (begin == std::string_view::npos) return std::nullopt;
  status.remove_prefix(begin + label.size());
  std::uint64_t set = 0;
  const std::from_chars_result parsed =
      std::from_chars(status.data(), status.data() + status.size(), set, 16);
  // The line's end proves that the number was not cut off with the buffer.
  if (parsed.ec != std::errc() || parsed.ptr == status.data() + status.size()) return std::nullopt;
  return set;
}

// The signals that are ignored or handled, bit n-1 for signal n; all of them when that cannot be
// found out. One look at /proc costs 3 us, 62 calls of rt_sigaction 6 us, and usually there is only
// SIGPIPE to reset.
std::uint64_t changed_signals() {
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  const UniqueFd fd(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return kAll;
  std::array<char, 4096> buffer;
  const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
  if (count <= 0) return kAll;
  const std::string_view status(buffer.data(), static_cast<std::size_t>(count));
  const std::optional<std::uint64_t> ignored = parse_signal_set(status, "\nSigIgn:\t");
  const std::optional<std::uint64_t> handled = parse_signal_set(status, "\nSigCgt:\t");
  return ignored && handled ? *ignored | *handled : kAll;
}

}  // namespace

BlockedSignals::BlockedSignals() {
  // Raw, so that glibc's own two signals are blocked too.
  const std::uint64_t all = ~std::uint64_t{0};
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old_mask_, kKernelSetBytes);
}

BlockedSignals::~BlockedSignals() {
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old_mask_, nullptr, kKernelSetBytes);
}

Result<> reset_signals() {
  const KernelSigaction by_default = {};
  const std::uint64_t to_reset = changed_signals();
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    if ((to_reset >> static_cast<unsigned>(signal - 1) & 1U) == 0) continue;
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    if (::syscall(SYS_rt_sigaction, signal, &by_default, nullptr, kKernelSetBytes) != 0) {
      const int error = errno;
      return errno_error("rt_sigaction", fmt::format("reset signal `{}`", signal_name(signal)),
                         error);
    }
  }
  // Last: what was pending must meet the default disposition, not a handler of ours.
  const std::uint64_t none = 0;
  if (::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kKernelSetBytes) != 0) {
    const int error = errno;
    return errno_error("rt_sigprocmask", "unblock all signals", error);
  }
  return {};
}

Result<int> parse_signal(std::string_view text) {
  std::optional<int> signal = parse_number(text);
  if (!signal) signal = parse_name(text);
  if (!signal || *signal > kLastSignal) {
    return make_error(ErrorCode::invalid_argument, fmt::format("signal `{}`: unknown", text));
  }
  return *signal;
}

std::string signal_name(int signal) {
  for (const SignalName& entry : kSignalNames) {
    if (entry.number == signal) return fmt::format("SIG{}", entry.name);
  }
  if (signal < kRealTimeMin || signal > kLastSignal) return std::to_string(signal);
  if (signal == kRealTimeMin) return "SIGRTMIN";
  if (signal == kLastSignal) return "SIGRTMAX";
  return fmt::format("SIGRTMIN+{}", signal - kRealTimeMin);
}

}  // namespace myrt::sys
