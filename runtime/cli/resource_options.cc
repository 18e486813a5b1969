#include "runtime/cli/resource_options.h"

#include <fcntl.h>

#include <array>
#include <limits>

#include "oci-spec/parse.h"
#include "runtime/cli/values.h"
#include "sys/files.h"

namespace myrt::cli {
namespace {

constexpr std::string_view kL3Schema = "l3-cache-schema";
constexpr std::string_view kMemBwSchema = "mem-bw-schema";

Error bad_value(std::string_view option, std::string_view value, std::string_view expected) {
  return make_error(
      ErrorCode::invalid_argument,
      fmt::format("invalid value for {}: `{}`: expected {}", option, value, expected));
}

// One option and the field that it sets.
template <class T>
struct Field {
  std::string_view option;
  std::optional<T>* target;
};

Result<> set_unsigned(const OptionValues& options, const Field<std::uint64_t>& field) {
  if (!options.has(field.option)) return {};
  *field.target = parse_unsigned(options.text(field.option));
  if (*field.target) return {};
  return bad_value(field.option, options.text(field.option), "an integer that is not negative");
}

Result<> set_signed(const OptionValues& options, const Field<std::int64_t>& field) {
  if (!options.has(field.option)) return {};
  *field.target = parse_signed(options.text(field.option));
  if (*field.target) return {};
  return bad_value(field.option, options.text(field.option), "an integer");
}

Result<> set_size(const OptionValues& options, const Field<std::int64_t>& field) {
  if (!options.has(field.option)) return {};
  *field.target = TRY(parse_size(options.text(field.option))
                          .context(fmt::format("invalid value for {}", field.option)));
  return {};
}

Result<> set_cpu(const OptionValues& options, oci::CpuResources& cpu) {
  for (const Field<std::uint64_t>& field : std::to_array<Field<std::uint64_t>>({
           {"cpu-share", &cpu.shares},
           {"cpu-period", &cpu.period},
           {"cpu-burst", &cpu.burst},
           {"cpu-rt-period", &cpu.realtime_period},
       })) {
    TRY(set_unsigned(options, field));
  }
  for (const Field<std::int64_t>& field : std::to_array<Field<std::int64_t>>({
           {"cpu-quota", &cpu.quota},
           {"cpu-rt-runtime", &cpu.realtime_runtime},
           {"cpu-idle", &cpu.idle},
       })) {
    TRY(set_signed(options, field));
  }
  cpu.cpus = options.text("cpuset-cpus");
  cpu.mems = options.text("cpuset-mems");
  return {};
}

Result<> set_memory(const OptionValues& options, oci::MemoryResources& memory) {
  for (const Field<std::int64_t>& field : std::to_array<Field<std::int64_t>>({
           {"memory", &memory.limit},
           {"memory-reservation", &memory.reservation},
           {"memory-swap", &memory.swap},
           {"kernel-memory", &memory.kernel},
           {"kernel-memory-tcp", &memory.kernel_tcp},
       })) {
    TRY(set_size(options, field));
  }
  return {};
}

Result<> set_block_io(const OptionValues& options, oci::BlockIoResources& block_io) {
  if (!options.has("blkio-weight")) return {};
  const std::string_view text = options.text("blkio-weight");
  const auto weight = parse_unsigned(text);
  if (!weight || *weight > std::numeric_limits<std::uint16_t>::max()) {
    return bad_value("blkio-weight", text, "an integer from 10 to 1000");
  }
  block_io.weight = static_cast<std::uint16_t>(*weight);
  return {};
}

Result<oci::Resources> from_options(const OptionValues& options) {
  oci::Resources resources;
  oci::CpuResources cpu;
  TRY(set_cpu(options, cpu));
  if (cpu != oci::CpuResources()) resources.cpu = std::move(cpu);
  oci::MemoryResources memory;
  TRY(set_memory(options, memory));
  if (memory != oci::MemoryResources()) resources.memory = memory;
  oci::BlockIoResources block_io;
  TRY(set_block_io(options, block_io));
  if (block_io != oci::BlockIoResources()) resources.block_io = std::move(block_io);
  TRY(set_signed(options, {"pids-limit", &resources.pids_limit}));
  return resources;
}

Result<oci::Resources> from_document(const std::string& path, int input_fd) {
  auto parsed = oci::parse_resources(TRY(read_document(path, input_fd)));
  if (!parsed.problems.empty()) {
    return Result<oci::Resources>(oci::to_error(parsed.problems)).context("--resources");
  }
  return std::move(parsed.value);
}

}  // namespace

Result<std::string> read_document(const std::string& path, int input_fd) {
  if (path == "-") return sys::read_all(input_fd, "standard input");
  const sys::UniqueFd file = TRY(sys::open(path, O_RDONLY));
  return sys::read_all(file.get(), path);
}

RdtSchemas rdt_options(const OptionValues& options) {
  RdtSchemas schemas;
  if (options.has(kL3Schema)) schemas.l3_cache = options.text(kL3Schema);
  if (options.has(kMemBwSchema)) schemas.mem_bw = options.text(kMemBwSchema);
  return schemas;
}

Result<oci::Resources> resource_options(const OptionValues& options, int input_fd) {
  if (!options.has("resources")) return from_options(options);
  for (const auto& given : options.in_order()) {
    const std::string_view name = given.option->name;
    if (name != "resources" && name != kL3Schema && name != kMemBwSchema) {
      return make_error(
          ErrorCode::invalid_argument,
          fmt::format("--{} cannot be used with --resources: write it into the document", name));
    }
  }
  return from_document(std::string(options.text("resources")), input_fd);
}

}  // namespace myrt::cli
