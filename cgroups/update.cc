#include <fcntl.h>

#include <charconv>
#include <optional>

#include "cgroups/apply_writes.h"
#include "cgroups/existing.h"
#include "cgroups/systemd/properties.h"
#include "cgroups/systemd/unit_jobs.h"
#include "cgroups/tree.h"
#include "sys/files.h"

namespace myrt::cgroups {
namespace {

template <class T>
void drop_zero(std::optional<T>& value) {
  if (value && *value == 0) value.reset();
}

// The first word of a file as a number; nullopt for "max", no such file or no such controller.
Result<std::optional<std::int64_t>> number_in(const std::string* directory, const char* file) {
  if (directory == nullptr) return std::optional<std::int64_t>();
  const std::optional<std::string> text =
      TRY(read_if_present(fmt::format("{}/{}", *directory, file)));
  std::int64_t value = 0;
  if (!text) return std::optional<std::int64_t>();
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
  if (parsed.ec != std::errc()) return std::optional<std::int64_t>();
  return std::optional(value);
}

const std::string* memory_directory(const Location& location) {
  return location.mode == Mode::v2 ? unified_directory(location) : directory_of(location, "memory");
}

// What a value of the document is combined with, when the document leaves that out.
Result<> fill_in_current(const Location& location, oci::Resources& resources) {
  const bool v2 = location.mode == Mode::v2;
  if (v2 && resources.cpu && resources.cpu->period && !resources.cpu->quota) {
    resources.cpu->quota = TRY(number_in(unified_directory(location), "cpu.max"));
  }
  if (resources.memory && resources.memory->swap.value_or(0) > 0 && !resources.memory->limit) {
    resources.memory->limit =
        TRY(number_in(memory_directory(location), v2 ? "memory.max" : "memory.limit_in_bytes"));
  }
  return {};
}

// v1's kernel refuses a limit that it cannot reach; v2's would kill to get there (CME-09).
Result<> check_memory(const Location& location, const oci::Resources& resources) {
  if (location.mode != Mode::v2 || !resources.memory) return {};
  const oci::MemoryResources& memory = *resources.memory;
  if (!memory.check_before_update.value_or(false) || memory.limit.value_or(-1) < 0) return {};
  const std::optional<std::int64_t> usage =
      TRY(number_in(unified_directory(location), "memory.current"));
  if (!usage || *usage <= *memory.limit) return {};
  Error error = make_error(ErrorCode::wrong_status,
                           fmt::format("rejecting memory limit `{}`: it is below the usage `{}`",
                                       *memory.limit, *usage));
  error.pointer = "/memory/limit";
  return error;
}

// What systemd writes of a unit at every change, and has no property for that a scope could change.
// memory.oom.group is OOMPolicy=, and "kill" would not do: with that systemd ends the whole unit
// also when the kernel has killed in a cgroup below, of the container's own.
constexpr const char* kRewritten[] = {"memory.oom.group", "memory.zswap.max",
                                      "memory.zswap.writeback"};

using Contents = std::vector<std::optional<std::string>>;
Result<Contents> contents_of_rewritten(const std::string& directory) {
  Contents contents;
  for (const char* file : kRewritten) {
    contents.push_back(TRY(read_if_present(fmt::format("{}/{}", directory, file))));
  }
  return contents;
}

// systemd is told first: it writes what it knows again at later changes.
Result<> update_unit(const Location& location, const ResourceWrites& writes) {
  if (!location.unit) return {};
  const std::string& directory = *unified_directory(location);
  const std::string text = TRY(read_if_present(directory + "/cpu.max")).value_or("");
  const std::vector<std::string> words = split_words(text);
  std::uint64_t period_us = 100'000;
  if (words.size() > 1)
    std::from_chars(words[1].data(), words[1].data() + words[1].size(), period_us);
  Writes all = writes.before_join;
  all.insert(all.end(), writes.after_join.begin(), writes.after_join.end());
  const systemd::Properties properties = systemd::limit_properties(all, period_us);
  if (properties.empty()) return {};
  const Contents before = TRY(contents_of_rewritten(directory));
  TRY(systemd::set_properties(TRY(systemd::Connection::open(location.unit->bus, systemd::kBound)),
                              location.unit->name, properties));
  const Contents after = TRY(contents_of_rewritten(directory));
  const sys::UniqueFd opened = TRY(sys::open(directory, O_RDONLY | O_DIRECTORY));
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (!before[i] || before[i] == after[i]) continue;
    TRY(sys::write_kernel_file_at(opened.get(), kRewritten[i], *before[i]));
  }
  return {};
}

}  // namespace

oci::Resources without_zeros(const oci::Resources& resources) {
  oci::Resources result = resources;
  result.devices.clear();
  drop_zero(result.pids_limit);
  if (result.memory) {
    oci::MemoryResources& memory = *result.memory;
    for (auto* value :
         {&memory.limit, &memory.reservation, &memory.swap, &memory.kernel, &memory.kernel_tcp}) {
      drop_zero(*value);
    }
    drop_zero(memory.swappiness);
    drop_zero(memory.disable_oom_killer);
    drop_zero(memory.use_hierarchy);
  }
  if (result.cpu) {
    drop_zero(result.cpu->shares);
    drop_zero(result.cpu->quota);
    drop_zero(result.cpu->period);
    drop_zero(result.cpu->realtime_runtime);
    drop_zero(result.cpu->realtime_period);
  }
  if (result.block_io) {
    drop_zero(result.block_io->weight);
    drop_zero(result.block_io->leaf_weight);
  }
  if (result.network) drop_zero(result.network->class_id);
  std::erase_if(result.hugepage_limits, [](const auto& limit) { return limit.limit == 0; });
  return result;
}

Result<std::vector<std::string>> update(const Location& location, const oci::Resources& resources) {
  oci::Resources wanted = without_zeros(resources);
  TRY(fill_in_current(location, wanted));
  const ResourceWrites writes =
      TRY(location.mode == Mode::v2 ? v2_writes(wanted, "") : v1_writes(wanted, ""));
  TRY(check_memory(location, wanted));
  TRY(update_unit(location, writes));

  std::vector<sys::UniqueFd> open;
  std::vector<Target> targets;
  for (const auto& [controllers, directory] : location.directories) {
    open.push_back(TRY(sys::open(directory, O_RDONLY | O_DIRECTORY)));
    Target target{.controllers = {}, .directory_fd = open.back().get()};
    for (std::string_view rest = controllers; !rest.empty();) {
      const std::size_t comma = rest.find(',');
      target.controllers.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    targets.push_back(std::move(target));
  }
  TRY(apply_writes(writes.before_join, location.mode, targets));
  TRY(apply_writes(writes.after_join, location.mode, targets));
  return writes.warnings;
}

}  // namespace myrt::cgroups
