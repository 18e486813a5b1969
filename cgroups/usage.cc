#include "cgroups/usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <limits>
#include <span>

#include "cgroups/tree.h"
#include "sys/files.h"

namespace myrt::cgroups {
namespace {

// A v1 limit that is none is the largest multiple of a page in 63 bits.
constexpr std::uint64_t kUnlimitedV1 = std::uint64_t{1} << 62U;

Count parse(std::string_view text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() ? Count(value) : std::nullopt;  // "max" is none
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

// The files of one directory of the cgroup. One that is not there reads as empty.
class Files {
 public:
  Files(int parent_fd, std::string_view leaf, std::span<char> buffer)
      : parent_fd_(parent_fd),
        path_(fmt::format("./{}/", leaf)),
        size_(path_.size()),
        buffer_(buffer) {}

  // Valid until the next call.
  std::string_view text(const char* name) {
    path_.resize(size_);
    path_ += name;
    const auto fd = sys::open_at(parent_fd_, path_, O_RDONLY);
    if (!fd.ok()) return {};
    found_any_ = true;
    const ssize_t size = ::read(fd->get(), buffer_.data(), buffer_.size());
    return {buffer_.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }
  Count number(const char* name) { return parse(text(name)); }
  bool found_any() const { return found_any_; }

 private:
  int parent_fd_;
  std::string path_;
  std::size_t size_;  // of the directory's part of it
  std::span<char> buffer_;
  bool found_any_ = false;
};

struct Key {
  std::string_view name;
  Count* value;
};

template <std::size_t N>
void read_keyed(std::string_view text, const Key (&keys)[N]) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string_view name = take_word(line);
    for (const Key& key : keys) {
      if (key.name == name) *key.value = parse(line);
    }
  }
}

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=17"
PressureTotal pressure(std::string_view text) {
  constexpr std::string_view kTotal = "total=";
  PressureTotal result;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t total = line.find(kTotal);
    if (total == std::string_view::npos) continue;
    const Count value = parse(line.substr(total + kTotal.size()));
    (line.starts_with("some") ? result.some_us : result.full_us) = value;
  }
  return result;
}

void read_pressure(Files& files, Usage& usage) {
  usage.cpu_pressure = pressure(files.text("cpu.pressure"));
  usage.memory_pressure = pressure(files.text("memory.pressure"));
  usage.io_pressure = pressure(files.text("io.pressure"));
}

std::optional<IoUsage> device_of(std::string_view word) {
  IoUsage device;
  const char* const end = word.data() + word.size();
  const auto major = std::from_chars(word.data(), end, device.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != ':') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, device.minor);
  return minor.ec == std::errc() ? std::optional(device) : std::nullopt;
}

// "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0"
void read_io_stat(std::string_view text, std::vector<IoUsage>& devices) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    auto device = device_of(take_word(line));
    if (!device) continue;
    while (!line.empty()) {
      std::string_view word = take_word(line);
      const std::size_t equals = std::min(word.find('='), word.size());
      const std::string_view name = word.substr(0, equals);
      const std::uint64_t value = parse(word.substr(std::min(equals + 1, word.size()))).value_or(0);
      if (name == "rbytes") device->read_bytes = value;
      if (name == "wbytes") device->written_bytes = value;
      if (name == "rios") device->reads = value;
      if (name == "wios") device->writes = value;
    }
    devices.push_back(*device);
  }
}

// "8:0 Read 17"; the two files of v1 fill two members each.
void read_blkio(std::string_view text, std::uint64_t IoUsage::*read, std::uint64_t IoUsage::*write,
                std::vector<IoUsage>& devices) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const auto device = device_of(take_word(line));
    if (!device) continue;
    const std::string_view operation = take_word(line);
    if (operation != "Read" && operation != "Write") continue;
    auto known = devices.begin();
    while (known != devices.end() &&
           (known->major != device->major || known->minor != device->minor)) {
      ++known;
    }
    if (known == devices.end()) known = devices.insert(known, *device);
    (*known).*(operation == "Read" ? read : write) = parse(line).value_or(0);
  }
}

void read_v2(Files& files, Usage& usage) {
  read_keyed(files.text("cpu.stat"), {{"usage_usec", &usage.cpu_us},
                                      {"user_usec", &usage.cpu_user_us},
                                      {"system_usec", &usage.cpu_system_us},
                                      {"nr_periods", &usage.cpu_periods},
                                      {"nr_throttled", &usage.cpu_throttled_periods},
                                      {"throttled_usec", &usage.cpu_throttled_us}});
  usage.memory_bytes = files.number("memory.current");
  if (usage.memory_bytes) {
    usage.memory_limit_bytes = files.number("memory.max");
    usage.memory_peak_bytes = files.number("memory.peak");
    usage.memory_swap_bytes = files.number("memory.swap.current");
    read_keyed(files.text("memory.events"), {{"low", &usage.memory_low},
                                             {"high", &usage.memory_high},
                                             {"max", &usage.memory_max},
                                             {"oom", &usage.memory_oom},
                                             {"oom_kill", &usage.memory_oom_kill},
                                             {"oom_group_kill", &usage.memory_oom_group_kill}});
  }
  usage.pids = files.number("pids.current");
  if (usage.pids) usage.pids_limit = files.number("pids.max");
  read_io_stat(files.text("io.stat"), usage.io);
}

void scale(Count& count, std::uint64_t factor, std::uint64_t divisor) {
  if (count) *count = *count * factor / divisor;
}

void read_v1_cpuacct(Files& files, Usage& usage) {
  usage.cpu_us = files.number("cpuacct.usage");
  scale(usage.cpu_us, 1, 1000);
  read_keyed(files.text("cpuacct.stat"),
             {{"user", &usage.cpu_user_us}, {"system", &usage.cpu_system_us}});
  const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  scale(usage.cpu_user_us, 1000000, ticks);
  scale(usage.cpu_system_us, 1000000, ticks);
}

void read_v1_memory(Files& files, Usage& usage) {
  usage.memory_bytes = files.number("memory.usage_in_bytes");
  usage.memory_peak_bytes = files.number("memory.max_usage_in_bytes");
  usage.memory_limit_bytes = files.number("memory.limit_in_bytes");
  if (usage.memory_limit_bytes.value_or(0) >= kUnlimitedV1) usage.memory_limit_bytes.reset();
  usage.memory_max = files.number("memory.failcnt");
  Count with_swap = files.number("memory.memsw.usage_in_bytes");
  if (with_swap && usage.memory_bytes) {
    usage.memory_swap_bytes = *with_swap - std::min(*with_swap, *usage.memory_bytes);
  }
  read_keyed(files.text("memory.oom_control"), {{"oom_kill", &usage.memory_oom_kill}});
}

void read_v1(std::string_view controllers, Files& files, Usage& usage) {
  if (has_controller(controllers, "cpu")) {
    read_keyed(files.text("cpu.stat"), {{"nr_periods", &usage.cpu_periods},
                                        {"nr_throttled", &usage.cpu_throttled_periods},
                                        {"throttled_time", &usage.cpu_throttled_us}});
    scale(usage.cpu_throttled_us, 1, 1000);
  }
  if (has_controller(controllers, "cpuacct")) read_v1_cpuacct(files, usage);
  if (has_controller(controllers, "memory")) read_v1_memory(files, usage);
  if (has_controller(controllers, "pids")) {
    usage.pids = files.number("pids.current");
    usage.pids_limit = files.number("pids.max");
  }
  if (has_controller(controllers, "blkio")) {
    read_blkio(files.text("blkio.throttle.io_service_bytes_recursive"), &IoUsage::read_bytes,
               &IoUsage::written_bytes, usage.io);
    // Both files have the same devices, and most containers none.
    if (usage.io.empty()) return;
    read_blkio(files.text("blkio.throttle.io_serviced_recursive"), &IoUsage::reads,
               &IoUsage::writes, usage.io);
  }
}

bool is_counted(std::string_view controllers) {
  for (const char* name : {"cpu", "cpuacct", "memory", "pids", "blkio"}) {
    if (has_controller(controllers, name)) return true;
  }
  return controllers.empty();
}

}  // namespace

Result<int> UsageReader::parent_fd(const std::string& controllers, std::string_view path) {
  Parent& parent = parents_[controllers];
  if (!parent.fd.valid() || parent.path != path) {
    auto fd = sys::open(std::string(path), O_PATH | O_DIRECTORY);
    if (!fd.ok()) {
      Error error = fd.error();
      if (error.errno_value == ENOENT) error.code = ErrorCode::not_found;
      return error;
    }
    parent = {std::string(path), std::move(fd).value()};
  }
  return parent.fd.get();
}

Result<Usage> UsageReader::read(const Location& location) {
  Usage usage;
  for (const auto& [controllers, directory] : location.directories) {
    if (!is_counted(controllers)) continue;
    const std::size_t slash = directory.rfind('/');
    const std::string_view path = std::string_view(directory).substr(0, slash);
    Files files(TRY(parent_fd(controllers, path)), std::string_view(directory).substr(slash + 1),
                buffer_);
    if (!controllers.empty()) {
      read_v1(controllers, files, usage);
    } else {
      if (location.mode == Mode::v2) read_v2(files, usage);
      read_pressure(files, usage);
    }
    if (!files.found_any() && !sys::exists_at(AT_FDCWD, directory)) {
      return make_error(ErrorCode::not_found, fmt::format("cgroup `{}` is gone", directory));
    }
  }
  return usage;
}

}  // namespace myrt::cgroups
