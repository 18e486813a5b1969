#include "cgroups/systemd/properties.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>

#include "cgroups/resource_values.h"
#include "cgroups/tree.h"

namespace myrt::cgroups::systemd {
namespace {

constexpr std::uint64_t kMicroseconds = 1'000'000;
constexpr std::uint64_t kDefaultPeriodUs = 100'000;
constexpr std::uint64_t kLargestSet = 8192;  // CPUs, as systemd's own bound

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

// "max" is infinity to systemd.
std::optional<std::uint64_t> limit(std::string_view text) {
  return text == "max" ? std::optional(UINT64_MAX) : number(text);
}

// "0-3,8" -> the bits of a mask. nullopt: the kernel will say what is wrong with it.
std::optional<std::string> mask(std::string_view list) {
  std::string bits;
  for (std::string_view rest = list; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string_view range = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    const std::size_t dash = range.find('-');
    const auto first = number(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(range.substr(dash + 1));
    if (!first || !last || *first > *last || *last >= kLargestSet) return std::nullopt;
    if (bits.size() <= *last / 8) bits.resize(*last / 8 + 1, '\0');
    for (std::uint64_t i = *first; i <= *last; ++i) {
      bits[i / 8] = static_cast<char>(static_cast<unsigned char>(bits[i / 8]) | 1U << (i % 8));
    }
  }
  return bits;
}

using Convert = void (*)(Properties&, const char* property, std::string_view text);

void put_limit(Properties& properties, const char* property, std::string_view text) {
  if (const auto value = limit(text)) set(properties, {property, uint64(*value)});
}
// systemd refuses 0, which the kernel takes: the file is written after the start.
void put_tasks(Properties& properties, const char* property, std::string_view text) {
  if (const auto value = limit(text)) {
    set(properties, {property, uint64(std::max<std::uint64_t>(*value, 1))});
  }
}
void put_mask(Properties& properties, const char* property, std::string_view text) {
  if (const auto bits = mask(text == "\n" ? "" : text)) set(properties, {property, bytes(*bits)});
}
// "default 500"; devices have no property that takes their numbers.
void put_default_weight(Properties& properties, const char* property, std::string_view text) {
  constexpr std::string_view kDefault = "default ";
  if (text.starts_with(kDefault)) text.remove_prefix(kDefault.size());
  if (const auto value = number(text)) set(properties, {property, uint64(*value)});
}
// An idle cgroup is one of weight 0 to systemd (252 and later).
void put_idle(Properties& properties, const char* property, std::string_view text) {
  if (text == "1") set(properties, {property, uint64(0)});
}

struct Rule {
  const char* file;
  const char* property;
  Convert convert;
};
constexpr Rule kRules[] = {
    {"memory.max", "MemoryMax", put_limit},
    {"memory.high", "MemoryHigh", put_limit},
    {"memory.low", "MemoryLow", put_limit},
    {"memory.min", "MemoryMin", put_limit},
    {"memory.swap.max", "MemorySwapMax", put_limit},
    {"pids.max", "TasksMax", put_tasks},
    {"cpu.weight", "CPUWeight", put_limit},
    {"cpu.idle", "CPUWeight", put_idle},
    {"cpuset.cpus", "AllowedCPUs", put_mask},
    {"cpuset.mems", "AllowedMemoryNodes", put_mask},
    {"io.weight", "IOWeight", put_default_weight},
};

void put_quota(Properties& properties, std::string_view text, std::uint64_t period_us) {
  const std::vector<std::string> words = split_words(text);
  if (words.empty()) return;
  const auto quota = limit(words[0]);
  if (words.size() > 1) period_us = number(words[1]).value_or(0);
  if (!quota || period_us == 0) return;
  const std::uint64_t per_second =
      *quota == UINT64_MAX ? UINT64_MAX : *quota * kMicroseconds / period_us;
  set(properties, {"CPUQuotaPerSecUSec", uint64(per_second)});
  set(properties, {"CPUQuotaPeriodUSec", uint64(period_us)});
}

bool is_property_name(std::string_view name) {
  return name.size() > 2 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

// "TimeoutStopSec = 5" is a convenience of unit files; the bus has TimeoutStopUSec alone.
Result<Property> in_microseconds(std::string name, const Value& seconds) {
  name.replace(name.size() - 3, 3, "USec");
  const char type = seconds.signature.front();
  if (type == 'd') {
    const double value = std::bit_cast<double>(seconds.number) * kMicroseconds;
    if (value >= 0 && value < 1e19)
      return Property{name, uint64(static_cast<std::uint64_t>(value))};
  } else if (std::string_view("ynqiuxt").find(type) != std::string_view::npos &&
             seconds.number < UINT64_MAX / kMicroseconds) {
    return Property{name, uint64(seconds.number * kMicroseconds)};
  }
  return make_error(ErrorCode::invalid_argument, "expected a number of seconds");
}

Result<Property> annotated_property(std::string name, std::string_view text) {
  if (!is_property_name(name)) {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("`{}` is not the name of a unit property", name));
  }
  Value value = TRY(parse_value(text));
  const bool in_seconds = name.ends_with("Sec") && !name.ends_with("USec");
  if (in_seconds) return in_microseconds(std::move(name), value);
  return Property{std::move(name), std::move(value)};
}

}  // namespace

Properties limit_properties(const Writes& writes, std::uint64_t period_us) {
  Properties properties;
  for (const Write& write : writes) {
    const bool other = write.alternative.has_value();
    const std::string& file = other ? write.alternative->file : write.file;
    const std::string& value = other ? write.alternative->value : write.value;
    if (file == "cpu.max") put_quota(properties, value, period_us);
    for (const Rule& rule : kRules) {
      if (file == rule.file) rule.convert(properties, rule.property, value);
    }
  }
  return properties;
}

Result<Properties> annotated_properties(const std::map<std::string, std::string>& annotations) {
  constexpr std::string_view kPrefix = "org.systemd.property.";
  Properties properties;
  for (auto entry = annotations.lower_bound(std::string(kPrefix));
       entry != annotations.end() && entry->first.starts_with(kPrefix); ++entry) {
    auto property = annotated_property(entry->first.substr(kPrefix.size()), entry->second);
    if (!property.ok()) {
      return config_error("/annotations/" + pointer_token(entry->first), property.error().message);
    }
    properties.push_back(std::move(property).value());
  }
  return properties;
}

Result<Properties> unit_properties(const Unit& unit, const std::string& container_id,
                                   const Writes& writes,
                                   const std::map<std::string, std::string>& annotations) {
  Properties properties;
  properties.push_back({"Description", string("myrt container " + container_id)});
  if (is_slice(unit.name)) {
    properties.push_back({"Wants", array("s", {string(unit.slice)})});
  } else {
    properties.push_back({"Slice", string(unit.slice)});
    // The cgroup and all below it are ours; a slice is never anybody's.
    properties.push_back({"Delegate", boolean(true)});
  }
  properties.push_back({"DefaultDependencies", boolean(false)});
  // Nobody has to reset a unit that failed (an OOM kill does that).
  properties.push_back({"CollectMode", string("inactive-or-failed")});
  for (const char* accounting :
       {"CPUAccounting", "MemoryAccounting", "IOAccounting", "TasksAccounting"}) {
    properties.push_back({accounting, boolean(true)});
  }
  for (Property& property : limit_properties(writes, kDefaultPeriodUs)) {
    set(properties, std::move(property));
  }
  for (Property& property : TRY(annotated_properties(annotations))) {
    set(properties, std::move(property));
  }
  return properties;
}

}  // namespace myrt::cgroups::systemd
