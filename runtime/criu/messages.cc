#include "runtime/criu/messages.h"

#include <algorithm>
#include <array>

#include "protobuf/wire.h"

namespace myrt::criu {
namespace {

using protobuf::Field;
using protobuf::MessageWriter;
using protobuf::read_fields;

// Field numbers of criu_req.
enum RequestField : unsigned {
  kType = 1,
  kOptions = 2,
  kNotifySuccess = 3,
  kKeepOpen = 4,
  kFeatures = 5
};

constexpr int kAllMessages = 4;  // log_level: the last lines before an error say what it was about

struct TypeName {
  RequestType type;
  std::string_view name;
};
constexpr std::array kTypes = {
    TypeName{RequestType::dump, "DUMP"},
    TypeName{RequestType::restore, "RESTORE"},
    TypeName{RequestType::pre_dump, "PRE_DUMP"},
    TypeName{RequestType::notify, "NOTIFY"},
    TypeName{RequestType::feature_check, "FEATURE_CHECK"},
    TypeName{RequestType::version, "VERSION"},
};

struct FlagField {
  unsigned field;
  bool Options::*flag;
};
constexpr std::array kFlags = {
    FlagField{3, &Options::leave_running},
    FlagField{4, &Options::external_unix_sockets},
    FlagField{5, &Options::tcp_established},
    FlagField{6, &Options::evasive_devices},
    FlagField{7, &Options::shell_job},
    FlagField{8, &Options::file_locks},
    FlagField{12, &Options::notify},
    FlagField{15, &Options::track_memory},
    FlagField{16, &Options::auto_dedup},
    FlagField{18, &Options::link_remap},
    FlagField{26, &Options::restore_as_sibling},
    FlagField{30, &Options::external_masters},
    FlagField{46, &Options::tcp_skip_in_flight},
    FlagField{48, &Options::lazy_pages},
    FlagField{50, &Options::orphan_pts_master},
    FlagField{52, &Options::tcp_close},
};

struct TextField {
  unsigned field;
  std::string Options::*text;
};
constexpr std::array kTexts = {
    TextField{10, &Options::log_file},          TextField{13, &Options::root},
    TextField{14, &Options::parent_image},      TextField{44, &Options::freeze_cgroup},
    TextField{51, &Options::config_file},       TextField{53, &Options::lsm_profile},
    TextField{65, &Options::lsm_mount_context},
};

// Messages with two fields: a text or two, or a text and a number.
std::string pair_of(std::string_view first, std::string_view second) {
  MessageWriter writer;
  writer.bytes(1, first);
  writer.bytes(2, second);
  return writer.message();
}

std::string pair_of(std::string_view first, int second) {
  MessageWriter writer;
  writer.bytes(1, first);
  writer.number(2, second);
  return writer.message();
}

void write_cgroups(const Options& options, MessageWriter& writer) {
  writer.number(24, 1);  // manage_cgroups, which the mode has replaced
  for (const CgroupRoot& root : options.cgroup_roots) {
    writer.bytes(25, pair_of(root.controllers, root.path));
  }
  writer.number(34, static_cast<int>(options.cgroup_mode));
}

std::string encode(const Options& options) {
  MessageWriter writer;
  writer.number(1, options.images_fd);
  if (options.pid != 0) writer.number(2, options.pid);
  writer.number(9, kAllMessages);
  if (options.work_fd >= 0) writer.number(17, options.work_fd);
  for (const FlagField& flag : kFlags) {
    if (options.*flag.flag) writer.number(flag.field, 1);
  }
  for (const TextField& text : kTexts) {
    if (!(options.*text.text).empty()) writer.bytes(text.field, options.*text.text);
  }
  write_cgroups(options, writer);
  if (options.page_server) {
    writer.bytes(11, pair_of(options.page_server->address, options.page_server->port));
  }
  for (const InheritedFd& inherited : options.inherited_fds) {
    writer.bytes(27, pair_of(inherited.key, inherited.fd));
  }
  for (const std::string& external : options.external) writer.bytes(37, external);
  if (options.empty_namespaces != 0) writer.number(38, options.empty_namespaces);
  for (const JoinedNamespace& joined : options.joined_namespaces) {
    writer.bytes(39, pair_of(joined.type, joined.path));
  }
  if (options.network_lock) writer.number(66, static_cast<int>(*options.network_lock));
  return writer.message();
}

// The value of a varint in a nested message; 0 when it is not there.
std::int64_t nested_number(const std::vector<Field>& fields, unsigned number) {
  const auto found = std::ranges::find(fields, number, &Field::number);
  return found == fields.end() ? 0 : found->value;
}

Result<std::vector<Field>> fields_of(std::string_view bytes) {
  auto fields = read_fields(bytes);
  if (!fields) return make_error(ErrorCode::protocol, "CRIU sent a malformed message");
  return std::move(*fields);
}

Result<RequestType> known_type(std::int64_t number) {
  for (const TypeName& entry : kTypes) {
    if (static_cast<std::int64_t>(entry.type) == number) return entry.type;
  }
  return make_error(ErrorCode::protocol, fmt::format("CRIU sent a message of type {}", number));
}

Result<> read_notification(std::string_view bytes, Response& response) {
  const auto fields = TRY(fields_of(bytes));
  for (const Field& field : fields) {
    if (field.number == 1) response.script = field.bytes;
  }
  response.notified_pid = static_cast<pid_t>(nested_number(fields, 2));
  return {};
}

Result<> read_version(std::string_view bytes, Response& response) {
  const auto fields = TRY(fields_of(bytes));
  response.version = {static_cast<int>(nested_number(fields, 1)),
                      static_cast<int>(nested_number(fields, 2)),
                      static_cast<int>(nested_number(fields, 4))};
  return {};
}

Result<> read_field(const Field& field, Response& response) {
  switch (field.number) {
    case 1:
      response.type = TRY(known_type(field.value));
      return {};
    case 2:
      response.success = field.value != 0;
      return {};
    case 4:
      response.restored_pid = static_cast<pid_t>(nested_number(TRY(fields_of(field.bytes)), 1));
      return {};
    case 5:
      return read_notification(field.bytes, response);
    case 7:
      response.error_number = static_cast<int>(field.value);
      return {};
    case 8: {
      const auto fields = TRY(fields_of(field.bytes));
      response.features = {nested_number(fields, 1) != 0, nested_number(fields, 2) != 0};
      return {};
    }
    case 9:
      response.error_message = field.bytes;
      return {};
    case 10:
      return read_version(field.bytes, response);
    default:
      return {};
  }
}

}  // namespace

std::string to_string(RequestType type) {
  for (const TypeName& entry : kTypes) {
    if (entry.type == type) return std::string(entry.name);
  }
  return fmt::format("{}", static_cast<int>(type));
}

std::optional<CgroupMode> parse_cgroup_mode(std::string_view word) {
  if (word == "soft") return CgroupMode::soft;
  if (word == "full") return CgroupMode::full;
  if (word == "strict") return CgroupMode::strict;
  if (word == "ignore") return CgroupMode::ignore;
  return std::nullopt;
}

std::optional<NetworkLock> parse_network_lock(std::string_view word) {
  if (word == "iptables") return NetworkLock::iptables;
  if (word == "nftables") return NetworkLock::nftables;
  if (word == "skip") return NetworkLock::skip;
  return std::nullopt;
}

std::string encode_request(RequestType type, const Options& options) {
  MessageWriter writer;
  writer.number(kType, static_cast<int>(type));
  writer.bytes(kOptions, encode(options));
  return writer.message();
}

std::string encode_version_request() {
  MessageWriter writer;
  writer.number(kType, static_cast<int>(RequestType::version));
  writer.number(kKeepOpen, 1);
  return writer.message();
}

std::string encode_feature_request() {
  MessageWriter features;
  features.number(1, 1);
  features.number(2, 1);
  MessageWriter writer;
  writer.number(kType, static_cast<int>(RequestType::feature_check));
  writer.number(kKeepOpen, 1);
  writer.bytes(kFeatures, features.message());
  return writer.message();
}

std::string encode_notify_answer(bool success) {
  MessageWriter writer;
  writer.number(kType, static_cast<int>(RequestType::notify));
  writer.number(kNotifySuccess, success ? 1 : 0);
  return writer.message();
}

Result<Response> decode_response(std::string_view bytes) {
  Response response;
  for (const Field& field : TRY(fields_of(bytes))) TRY(read_field(field, response));
  return response;
}

}  // namespace myrt::criu
