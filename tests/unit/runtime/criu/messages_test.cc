#include "runtime/criu/messages.h"

#include <sched.h>
#include <sys/socket.h>

#include <algorithm>

#include "protobuf/wire.h"
#include "runtime/criu/conversation.h"
#include "runtime/criu/log_excerpt.h"
#include "sys/seqpacket.h"
#include "tests/support/catch.h"

using namespace myrt;
using namespace myrt::criu;
using protobuf::Field;
using protobuf::MessageWriter;
using protobuf::read_fields;
using namespace std::string_literals;

namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

// The fields of the options in a request, which they point into.
std::vector<Field> options_of(std::string&&) = delete;
std::vector<Field> options_of(const std::string& request) {
  const auto fields = read_fields(request);
  REQUIRE(fields);
  REQUIRE(fields->size() >= 2);
  const auto options = read_fields((*fields)[1].bytes);
  REQUIRE(options);
  return *options;
}

bool has(const std::vector<Field>& fields, const Field& wanted) {
  return std::find(fields.begin(), fields.end(), wanted) != fields.end();
}

std::size_t count(const std::vector<Field>& fields, unsigned number) {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [&](const Field& field) { return field.number == number; }));
}

}  // namespace

TEST_CASE("malformed answers are refused", "[criu]") {
  for (const std::string& bytes : {"\x08"s, "\x0a\x05xyz"s, "\x0b"s, "\x0d__"s}) {
    INFO(hex(bytes));
    CHECK_FALSE(decode_response(bytes).ok());
  }
}

TEST_CASE("a request carries CRIU's numbers of its options", "[criu]") {
  Options options;
  options.images_fd = 9;
  options.work_fd = 10;
  options.pid = 1234;
  options.log_file = "dump.log";
  options.leave_running = options.tcp_established = options.track_memory = true;
  options.cgroup_mode = CgroupMode::strict;
  options.network_lock = NetworkLock::nftables;
  options.empty_namespaces = CLONE_NEWNET;
  options.page_server = PageServer{"10.0.0.1", 27};
  options.external = {"mnt[/data]:00ff", "net[4026531840]:extRootNetNS"};
  options.inherited_fds = {{"pipe:[7]", 1}};
  options.joined_namespaces = {{"ipc", "/proc/self/fd/5"}};
  options.cgroup_roots = {{"", "/c1"}};
  const std::string request = encode_request(RequestType::dump, options);
  CHECK(hex(request).starts_with("0801"));
  const auto fields = options_of(request);
  CHECK(has(fields, {1, 9, {}}));
  CHECK(has(fields, {17, 10, {}}));
  CHECK(has(fields, {2, 1234, {}}));
  CHECK(has(fields, {10, 0, "dump.log"}));
  CHECK(has(fields, {3, 1, {}}));
  CHECK(has(fields, {5, 1, {}}));
  CHECK(has(fields, {15, 1, {}}));
  CHECK(has(fields, {34, 5, {}}));
  CHECK(has(fields, {66, 2, {}}));
  CHECK(has(fields, {38, CLONE_NEWNET, {}}));
  CHECK(has(fields, {37, 0, "net[4026531840]:extRootNetNS"}));
  CHECK(count(fields, 37) == 2);
  CHECK(has(fields, {11, 0, "\x0a\x08\x31\x30.0.0.1\x10\x1b"}));
  CHECK(has(fields, {27, 0, "\x0a\x08pipe:[7]\x10\x01"}));
  CHECK(has(fields, {39, 0, "\x0a\x03ipc\x12\x0f/proc/self/fd/5"}));
  CHECK(has(fields, {25, 0, "\x0a\x00\x12\x03/c1"s}));
  for (const unsigned absent : {4U, 6U, 7U, 8U, 12U, 13U, 14U, 48U, 51U, 52U, 53U, 65U}) {
    CHECK(count(fields, absent) == 0);
  }
}

TEST_CASE("every flag and text has a field of its own", "[criu]") {
  Options all;
  all.external_unix_sockets = all.shell_job = all.file_locks = all.notify = all.auto_dedup = true;
  all.link_remap = all.restore_as_sibling = all.evasive_devices = all.external_masters = true;
  all.tcp_skip_in_flight = all.lazy_pages = all.orphan_pts_master = all.tcp_close = true;
  all.root = "/r";
  all.parent_image = "../p";
  all.freeze_cgroup = "/f";
  all.config_file = "/c";
  all.lsm_profile = "apparmor:p";
  all.lsm_mount_context = "m";
  const std::string request = encode_request(RequestType::restore, all);
  const auto fields = options_of(request);
  for (const unsigned flag : {4U, 7U, 8U, 12U, 16U, 18U, 26U, 6U, 30U, 46U, 48U, 50U, 52U}) {
    INFO(flag);
    CHECK(has(fields, {flag, 1, {}}));
  }
  CHECK(has(fields, {13, 0, "/r"}));
  CHECK(has(fields, {14, 0, "../p"}));
  CHECK(has(fields, {44, 0, "/f"}));
  CHECK(has(fields, {51, 0, "/c"}));
  CHECK(has(fields, {53, 0, "apparmor:p"}));
  CHECK(has(fields, {65, 0, "m"}));
}

TEST_CASE("answers are read: failures, restored pids, notifications, versions", "[criu]") {
  const auto failed = decode_response("\x08\x01\x10\x00\x38\x02\x4a\x04oops"s);
  REQUIRE(failed.ok());
  CHECK(failed->type == RequestType::dump);
  CHECK_FALSE(failed->success);
  CHECK(failed->error_number == 2);
  CHECK(failed->error_message == "oops");

  const auto restored = decode_response("\x08\x02\x10\x01\x22\x03\x08\xd2\x09"s);
  REQUIRE(restored.ok());
  CHECK(restored->success);
  CHECK(restored->restored_pid == 1234);

  const auto notified = decode_response("\x08\x06\x10\x01\x2a\x10\x0a\x0cpost-restore\x10\x07"s);
  REQUIRE(notified.ok());
  CHECK(notified->script == "post-restore");
  CHECK(notified->notified_pid == 7);

  const auto version = decode_response("\x08\x0a\x10\x01\x52\x06\x08\x04\x10\x02\x20\x01"s);
  REQUIRE(version.ok());
  CHECK(version->version.major == 4);
  CHECK(version->version.minor == 2);
  CHECK(version->version.sublevel == 1);

  CHECK_FALSE(decode_response("\x08\x63\x10\x01"s).ok());
}

TEST_CASE("notifications are served until the answer comes", "[criu]") {
  auto pair = sys::seqpacket_pair();
  REQUIRE(pair.ok());
  auto& [ours, theirs] = *pair;
  REQUIRE(sys::send_packet(theirs.get(), "\x08\x06\x10\x01\x2a\x0a\x0a\x08pre-dump"s).ok());
  REQUIRE(sys::send_packet(theirs.get(), "\x08\x01\x10\x01"s).ok());
  std::vector<std::string> scripts;
  const auto answer = converse(ours.get(), "request", [&](Notification& notification) -> Result<> {
    scripts.push_back(notification.script);
    return {};
  });
  REQUIRE(answer.ok());
  CHECK(answer->success);
  CHECK(scripts == std::vector<std::string>{"pre-dump"});
  CHECK(sys::receive_packet(theirs.get()).value()->bytes == "request");
  CHECK(sys::receive_packet(theirs.get()).value()->bytes == encode_notify_answer(true));
}

TEST_CASE("a handler's error tells CRIU to give up, and is the error", "[criu]") {
  auto pair = sys::seqpacket_pair();
  REQUIRE(pair.ok());
  auto& [ours, theirs] = *pair;
  REQUIRE(sys::send_packet(theirs.get(), "\x08\x06\x10\x01\x2a\x0e\x0a\x0cpost-restore"s).ok());
  REQUIRE(sys::send_packet(theirs.get(), "\x08\x02\x10\x00"s).ok());
  const auto answer = converse(ours.get(), "r", [](Notification&) -> Result<> {
    return make_error(ErrorCode::unsupported, "not like this");
  });
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().message == "not like this");
  CHECK(sys::receive_packet(theirs.get()).value()->bytes == "r");
  CHECK(sys::receive_packet(theirs.get()).value()->bytes == encode_notify_answer(false));
}

TEST_CASE("a CRIU that dies is an error and no hang", "[criu]") {
  auto pair = sys::seqpacket_pair();
  REQUIRE(pair.ok());
  REQUIRE(::shutdown(pair->second.get(), SHUT_WR) == 0);
  const auto answer = converse(pair->first.get(), "r");
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == ErrorCode::protocol);
}

TEST_CASE("the error lines of a log are found, in order and without their times", "[criu]") {
  const std::string log =
      "(00.000001) Version: 4.2\n(00.1) Warn  (criu/x.c:1): y\n"
      "(00.2)      1: Error (criu/mount.c:88): mnt: first\n"
      "(00.3) Error (criu/cr-dump.c:2): second";
  CHECK(error_lines(log) ==
        "Error (criu/mount.c:88): mnt: first\nError (criu/cr-dump.c:2): second");
  CHECK(error_lines(log, 1) == "Error (criu/mount.c:88): mnt: first");
  CHECK(error_lines("nothing\n").empty());
  CHECK(error_lines("").empty());
}
