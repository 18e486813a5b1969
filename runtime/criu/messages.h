// Requests to CRIU and its answers as plain values, and their bytes (CRIU's images/rpc.proto).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/result.h"

namespace myrt::criu {

// criu_req_type: the numbers are CRIU's.
enum class RequestType : std::uint8_t {
  dump = 1,
  restore = 2,
  pre_dump = 4,
  notify = 6,
  feature_check = 9,
  version = 10,
};
std::string to_string(RequestType type);  // "PRE_DUMP"

// criu_cg_mode
enum class CgroupMode : std::uint8_t { ignore = 0, soft = 3, full = 4, strict = 5 };
std::optional<CgroupMode> parse_cgroup_mode(std::string_view word);

// criu_network_lock_method
enum class NetworkLock : std::uint8_t { iptables = 1, nftables = 2, skip = 3 };
std::optional<NetworkLock> parse_network_lock(std::string_view word);

struct InheritedFd {
  std::string key;
  int fd = -1;  // in the CRIU process
};
struct JoinedNamespace {
  std::string type, path;
};
struct CgroupRoot {
  std::string controllers, path;  // "" is the unified hierarchy
};
struct PageServer {
  std::string address;
  int port = 0;
};

// criu_opts. Everything that is false or empty is left out, which is CRIU's default as well. Fds
// are those of the CRIU process.
struct Options {
  int images_fd = -1;
  int work_fd = -1;  // -1: the images' directory
  pid_t pid = 0;     // whom to dump
  std::string log_file, root, parent_image, freeze_cgroup, config_file;
  std::string lsm_profile, lsm_mount_context;
  bool leave_running = false, external_unix_sockets = false, tcp_established = false;
  bool tcp_skip_in_flight = false, tcp_close = false, shell_job = false, file_locks = false;
  bool notify = false, track_memory = false, auto_dedup = false, link_remap = false;
  bool restore_as_sibling = false, evasive_devices = false, external_masters = false;
  bool lazy_pages = false, orphan_pts_master = false;
  CgroupMode cgroup_mode = CgroupMode::soft;
  std::optional<NetworkLock> network_lock;
  std::uint32_t empty_namespaces = 0;  // CLONE_NEW*
  std::optional<PageServer> page_server;
  std::vector<std::string> external;  // "mnt[KEY]:VALUE", "net[INODE]:KEY"
  std::vector<InheritedFd> inherited_fds;
  std::vector<JoinedNamespace> joined_namespaces;
  std::vector<CgroupRoot> cgroup_roots;
};

// The features that `feature_check` asks for.
struct Features {
  bool memory_tracking = false, lazy_pages = false;
};

std::string encode_request(RequestType type, const Options& options);
std::string encode_version_request();
std::string encode_feature_request();
std::string encode_notify_answer(bool success);

struct Version {
  int major = 0, minor = 0, sublevel = 0;
};

// criu_resp
struct Response {
  RequestType type = RequestType::version;
  bool success = false;
  int error_number = 0;       // cr_errno
  std::string error_message;  // cr_errmsg
  pid_t restored_pid = 0;     // of a restore
  std::string script;         // of a notification: "post-restore"
  pid_t notified_pid = 0;     // likewise; init's, where the script concerns it
  Version version;
  Features features;
};
// Errors: protocol.
Result<Response> decode_response(std::string_view bytes);

}  // namespace myrt::criu
