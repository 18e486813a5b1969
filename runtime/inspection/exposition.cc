#include "runtime/inspection/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

namespace myrt::inspection {
namespace {

using cgroups::Count;

enum class Kind : std::uint8_t { counter, gauge, info };

std::string escaped(std::string_view text) {
  std::string label;
  for (const char c : text) {
    if (c == '\\' || c == '"') label += '\\';
    label += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return label;
}

// The samples of one family. Thousands of lines: what a line needs is put together by hand.
class Samples {
 public:
  Samples(std::string& text, std::string name) : text_(text), start_(std::move(name) + "{id=\"") {}

  void select(const Reading& reading) { reading_ = &reading; }
  // `labels` begins with a comma, or is empty.
  void whole(const Count& value, std::string_view labels = {}) {
    if (value) add(labels, Number(*value));
  }
  void seconds(const Count& microseconds, std::string_view labels = {}) {
    if (microseconds) add(labels, Number(*microseconds, kMicroDigits));
  }
  void milliseconds(std::uint64_t milliseconds) { add({}, Number(milliseconds, kMilliDigits)); }
  void one(std::string_view labels) { add(labels, Number(1)); }

 private:
  static constexpr std::size_t kMilliDigits = 3, kMicroDigits = 6;

  // A number's text: `value` in units of 10 to the power of -`decimals`.
  class Number {
   public:
    explicit Number(std::uint64_t value, std::size_t decimals = 0) {
      const auto end = std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr;
      size_ = static_cast<std::size_t>(end - text_.data());
      if (decimals == 0) return;
      if (size_ <= decimals) {  // 0.000017
        const std::size_t zeros = decimals + 1 - size_;
        std::copy_backward(text_.data(), end, end + zeros);
        std::fill_n(text_.data(), zeros, '0');
        size_ += zeros;
      }
      char* const point = text_.data() + size_ - decimals;
      std::copy_backward(point, point + decimals, point + decimals + 1);
      *point = '.';
      ++size_;
    }
    std::string_view text() const { return {text_.data(), size_}; }

   private:
    std::array<char, std::numeric_limits<std::uint64_t>::digits10 + 3> text_;
    std::size_t size_;
  };

  void add(std::string_view labels, const Number& number) {
    text_ += start_;
    text_ += reading_->id;  // only letters, digits and _+-.
    text_ += '"';
    text_ += labels;
    text_ += "} ";
    text_ += number.text();
    text_ += '\n';
  }

  std::string& text_;
  std::string start_;
  const Reading* reading_ = nullptr;
};

struct Family {
  std::string_view name;  // without `_total` and `_info`
  Kind kind;
  std::string_view help;
  void (*sample)(const Reading& reading, Samples& samples);
};

// A family whose samples are one member of Usage.
template <Count cgroups::Usage::*member>
void whole(const Reading& reading, Samples& samples) {
  samples.whole(reading.usage.*member);
}
template <Count cgroups::Usage::*member>
void seconds(const Reading& reading, Samples& samples) {
  samples.seconds(reading.usage.*member);
}
template <std::uint64_t cgroups::IoUsage::*member>
void each_device(const Reading& reading, Samples& samples) {
  for (const cgroups::IoUsage& device : reading.usage.io) {
    samples.whole(device.*member, fmt::format(",device=\"{}:{}\"", device.major, device.minor));
  }
}
template <Count cgroups::PressureTotal::*member>
void each_pressure(const Reading& reading, Samples& samples) {
  samples.seconds(reading.usage.cpu_pressure.*member, ",resource=\"cpu\"");
  samples.seconds(reading.usage.memory_pressure.*member, ",resource=\"memory\"");
  samples.seconds(reading.usage.io_pressure.*member, ",resource=\"io\"");
}

void info(const Reading& reading, Samples& samples) {
  samples.one(fmt::format(",bundle=\"{}\"", escaped(reading.bundle)));
}

void status(const Reading& reading, Samples& samples) {
  samples.one(fmt::format(",status=\"{}\"", reading.status));
}

void created(const Reading& reading, Samples& samples) {
  if (reading.created_seconds <= 0) return;
  samples.milliseconds(static_cast<std::uint64_t>(std::llround(reading.created_seconds * 1000)));
}

void creation_phases(const Reading& reading, Samples& samples) {
  std::string label;
  for (const sys::PhaseTime& phase : reading.phases) {
    // Only letters, blanks and hyphens (container_state.h).
    label.assign(",phase=\"").append(phase.name).append(1, '"');
    samples.seconds(phase.us, label);
  }
}

void memory_events(const Reading& reading, Samples& samples) {
  const cgroups::Usage& usage = reading.usage;
  samples.whole(usage.memory_low, ",event=\"low\"");
  samples.whole(usage.memory_high, ",event=\"high\"");
  samples.whole(usage.memory_max, ",event=\"max\"");
  samples.whole(usage.memory_oom, ",event=\"oom\"");
  samples.whole(usage.memory_oom_kill, ",event=\"oom_kill\"");
  samples.whole(usage.memory_oom_group_kill, ",event=\"oom_group_kill\"");
}

using cgroups::IoUsage;
using cgroups::PressureTotal;
using cgroups::Usage;

constexpr auto kFamilies = std::to_array<Family>({
    {"myrt_container", Kind::info, "A container and its bundle.", info},
    {"myrt_container_status", Kind::gauge, "1 for the status that the container has.", status},
    {"myrt_container_created_timestamp_seconds", Kind::gauge, "When the container was created.",
     created},
    {"myrt_container_creation_phase_seconds", Kind::gauge,
     "How long the runtime took for each phase of the container's creation.", creation_phases},
    {"myrt_container_cpu_usage_seconds", Kind::counter, "CPU time used.", seconds<&Usage::cpu_us>},
    {"myrt_container_cpu_user_seconds", Kind::counter, "CPU time used in user mode.",
     seconds<&Usage::cpu_user_us>},
    {"myrt_container_cpu_system_seconds", Kind::counter, "CPU time used in the kernel.",
     seconds<&Usage::cpu_system_us>},
    {"myrt_container_cpu_periods", Kind::counter, "CFS periods in which the CPU quota counted.",
     whole<&Usage::cpu_periods>},
    {"myrt_container_cpu_throttled_periods", Kind::counter,
     "CFS periods in which the CPU quota ran out.", whole<&Usage::cpu_throttled_periods>},
    {"myrt_container_cpu_throttled_seconds", Kind::counter,
     "Time for which the CPU quota held tasks up.", seconds<&Usage::cpu_throttled_us>},
    {"myrt_container_memory_usage_bytes", Kind::gauge, "Memory charged to the cgroup.",
     whole<&Usage::memory_bytes>},
    {"myrt_container_memory_limit_bytes", Kind::gauge, "Memory limit; absent when there is none.",
     whole<&Usage::memory_limit_bytes>},
    {"myrt_container_memory_peak_bytes", Kind::gauge, "Most memory that was ever charged.",
     whole<&Usage::memory_peak_bytes>},
    {"myrt_container_memory_swap_bytes", Kind::gauge, "Swap used.",
     whole<&Usage::memory_swap_bytes>},
    {"myrt_container_memory_events", Kind::counter,
     "Events of memory.events: the limit was met, the OOM killer ran.", memory_events},
    {"myrt_container_io_read_bytes", Kind::counter, "Bytes read from a block device.",
     each_device<&IoUsage::read_bytes>},
    {"myrt_container_io_written_bytes", Kind::counter, "Bytes written to a block device.",
     each_device<&IoUsage::written_bytes>},
    {"myrt_container_io_reads", Kind::counter, "Read operations on a block device.",
     each_device<&IoUsage::reads>},
    {"myrt_container_io_writes", Kind::counter, "Write operations on a block device.",
     each_device<&IoUsage::writes>},
    {"myrt_container_pids", Kind::gauge, "Processes and threads.", whole<&Usage::pids>},
    {"myrt_container_pids_limit", Kind::gauge,
     "Most processes and threads allowed; absent when there is no limit.",
     whole<&Usage::pids_limit>},
    {"myrt_container_pressure_waiting_seconds", Kind::counter,
     "Time in which at least one task waited for the resource.",
     each_pressure<&PressureTotal::some_us>},
    {"myrt_container_pressure_stalled_seconds", Kind::counter,
     "Time in which all tasks waited for the resource.", each_pressure<&PressureTotal::full_us>},
});

std::string_view suffix(Kind kind) {
  return kind == Kind::counter ? "_total" : kind == Kind::info ? "_info" : "";
}

// The text format's families are called as their samples are, and it knows no info.
void add_header(std::string& text, std::string_view name, Kind kind, std::string_view help,
                MetricsFormat format) {
  const bool open = format == MetricsFormat::openmetrics;
  const std::string family = std::string(name) + std::string(open ? "" : suffix(kind));
  const std::string_view type = kind == Kind::counter        ? "counter"
                                : kind == Kind::info && open ? "info"
                                                             : "gauge";
  text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family, help, family, type);
}

}  // namespace

double parse_timestamp(std::string_view text) {
  namespace chrono = std::chrono;
  // 2026-01-02T03:04:05.678901234Z
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (text.size() < kShape.size()) return 0;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !is_digit : text[i] != kShape[i]) return 0;
  }
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
  };
  const chrono::year_month_day date{chrono::year(number(0, 4)),
                                    chrono::month(static_cast<unsigned>(number(5, 2))),
                                    chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (!date.ok()) return 0;
  const auto days = chrono::sys_days(date).time_since_epoch();
  const double whole = static_cast<double>(chrono::duration_cast<chrono::seconds>(days).count()) +
                       number(11, 2) * 3600.0 + number(14, 2) * 60.0 + number(17, 2);
  const bool has_fraction = text.size() >= 23 && text[19] == '.';
  return has_fraction ? whole + number(20, 3) / 1000.0 : whole;
}

std::string exposition(const std::vector<Reading>& readings, const Version& version,
                       MetricsFormat format) {
  std::string text;
  text.reserve(readings.size() * 4096 + 8192);
  add_header(text, "myrt_build", Kind::info, "This runtime.", format);
  text += fmt::format("myrt_build_info{{version=\"{}\",commit=\"{}\"}} 1\n",
                      escaped(version.version), escaped(version.commit));
  for (const Family& family : kFamilies) {
    const std::size_t before = text.size();
    add_header(text, family.name, family.kind, family.help, format);
    const std::size_t header_end = text.size();
    Samples samples(text, std::string(family.name) + std::string(suffix(family.kind)));
    for (const Reading& reading : readings) {
      samples.select(reading);
      family.sample(reading, samples);
    }
    if (text.size() == header_end) text.resize(before);  // nothing to say about it
  }
  if (format == MetricsFormat::openmetrics) text += "# EOF\n";
  return text;
}

}  // namespace myrt::inspection
