#include "shim/options.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "protobuf/wire.h"
#include "sys/files.h"

namespace myrt::shim {
namespace {

constexpr std::string_view kRuncType = "containerd.runc.v1.Options";
constexpr std::string_view kTomlType = "runtimeoptions.v1.Options";
constexpr unsigned kConfigPath = 2, kConfigBody = 3;

Error bad_options(std::string_view text) {
  return make_error(ErrorCode::invalid_argument, fmt::format("runtime options: {}", text));
}

// Another runtime than ours would be a surprise.
Result<Options> checked(Options options) {
  const std::string& name = options.binary_name;
  const std::string_view base = std::string_view(name).substr(name.rfind('/') + 1);
  if (name.empty() || base == "myrt") return options;
  return bad_options(
      fmt::format("BinaryName `{}`: this shim has its runtime, myrt, built in", name));
}

// One option: its field number, its name in TOML, and the member of one of three types.
struct Entry {
  unsigned number;
  std::string_view name;
  bool Options::*flag = nullptr;
  std::uint32_t Options::*count = nullptr;
  std::string Options::*text = nullptr;
};
constexpr std::array kEntries = {
    Entry{1, "NoPivotRoot", &Options::no_pivot_root},
    Entry{2, "NoNewKeyring", &Options::no_new_keyring},
    Entry{3, "ShimCgroup", nullptr, nullptr, &Options::shim_cgroup},
    Entry{4, "IoUid", nullptr, &Options::io_uid},
    Entry{5, "IoGid", nullptr, &Options::io_gid},
    Entry{6, "BinaryName", nullptr, nullptr, &Options::binary_name},
    Entry{7, "Root", nullptr, nullptr, &Options::root},
    Entry{9, "SystemdCgroup", &Options::systemd_cgroup},
    Entry{10, "CriuImagePath", nullptr, nullptr, &Options::criu_image_path},
    Entry{11, "CriuWorkPath", nullptr, nullptr, &Options::criu_work_path},
};

Result<Options> from_message(std::string_view message) {
  const auto fields = protobuf::read_fields(message);
  if (!fields) return bad_options("malformed message");
  Options options;
  for (const protobuf::Field& field : *fields) {
    const auto* entry = std::find_if(kEntries.begin(), kEntries.end(),
                                     [&](const Entry& one) { return one.number == field.number; });
    if (entry == kEntries.end()) continue;
    if (entry->flag != nullptr) options.*entry->flag = field.value != 0;
    if (entry->count != nullptr) options.*entry->count = static_cast<std::uint32_t>(field.value);
    if (entry->text != nullptr) options.*entry->text = field.bytes;
  }
  return checked(std::move(options));
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

bool take_value(Options& options, const Entry& entry, std::string_view value) {
  if (entry.flag != nullptr) {
    options.*entry.flag = value == "true";
    return value == "true" || value == "false";
  }
  if (entry.count != nullptr) {
    const auto parsed =
        std::from_chars(value.data(), value.data() + value.size(), options.*entry.count);
    return parsed.ec == std::errc() && parsed.ptr == value.data() + value.size();
  }
  const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                      value.back() == value.front();
  if (!quoted || value.find('\\') != std::string_view::npos) return false;
  options.*entry.text = value.substr(1, value.size() - 2);
  return true;
}

}  // namespace

Result<Options> parse_options(std::string_view text) {
  Options options;
  while (!text.empty()) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), whole.size() + 1));
    const std::string_view line = trimmed(whole);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    const auto* entry = std::find_if(kEntries.begin(), kEntries.end(),
                                     [&](const Entry& one) { return one.name == name; });
    if (entry == kEntries.end() || equals == std::string_view::npos) {
      return bad_options(fmt::format("`{}` is none", line));
    }
    if (!take_value(options, *entry, trimmed(line.substr(equals + 1)))) {
      return bad_options(fmt::format("`{}`: not a value of its type", line));
    }
  }
  return checked(std::move(options));
}

std::string options_file(const Any& any) {
  std::string file;
  const auto fields = protobuf::read_fields(any.value);
  if (any.type != kTomlType || !fields) return file;
  for (const protobuf::Field& field : *fields) {
    if (field.number == kConfigPath) file = field.bytes;
    if (field.number == kConfigBody && !field.bytes.empty()) return {};
  }
  return file;
}

Result<Options> decode_options(const Any& any) {
  if (any.type.empty()) return Options();
  if (any.type == kRuncType) return from_message(any.value);
  if (any.type != kTomlType) return bad_options(fmt::format("unknown type `{}`", any.type));
  const auto fields = protobuf::read_fields(any.value);
  if (!fields) return bad_options("malformed message");
  std::string_view body;
  for (const protobuf::Field& field : *fields) {
    if (field.number == kConfigBody) body = field.bytes;
  }
  return parse_options(body);
}

std::vector<std::string_view> option_names() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kEntries));
  for (const Entry& entry : kEntries) names.push_back(entry.name);
  return names;
}

Any options_in(std::string_view start_input) {
  constexpr unsigned kExtensions = 8;
  const auto fields = protobuf::read_fields(start_input);
  if (!fields) return {};
  const auto of = [](std::string_view message) {
    const auto any = decode_any(message);
    return any && (any->type == kRuncType || any->type == kTomlType) ? *any : Any();
  };
  for (const protobuf::Field& field : *fields) {
    if (field.number != kExtensions) continue;
    if (Any any = of(field.bytes); !any.type.empty()) return any;
  }
  return of(start_input);
}

Result<Options> load_options(const Any& any) {
  const std::string file = options_file(any);
  if (file.empty()) return decode_options(any);
  return parse_options(TRY(sys::read_file(file).context("runtime options")));
}

}  // namespace myrt::shim
