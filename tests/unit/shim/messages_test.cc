#include "shim/messages.h"

#include "protobuf/wire.h"
#include "shim/job.h"
#include "shim/service.h"
#include "tests/support/catch.h"
#include "tests/unit/shim/hex.h"

using namespace myrt;
using namespace myrt::shim;
using namespace std::string_literals;
using test::hex;

namespace {

Time at(std::int64_t seconds, std::int64_t nanoseconds) {
  return Time(std::chrono::duration_cast<Time::duration>(std::chrono::seconds(seconds) +
                                                         std::chrono::nanoseconds(nanoseconds)));
}

}  // namespace

TEST_CASE("every method of the task service is known, and no other", "[shim]") {
  for (const char* name :
       {"State", "Create", "Start", "Delete", "Pids", "Pause", "Resume", "Checkpoint", "Kill",
        "Exec", "ResizePty", "CloseIO", "Update", "Wait", "Stats", "Connect", "Shutdown"}) {
    INFO(name);
    CHECK(find_method(name));
  }
  CHECK_FALSE(find_method("state"));
  CHECK_FALSE(find_method(""));
}

TEST_CASE("a Create request is read by its field numbers", "[shim]") {
  protobuf::MessageWriter mount;
  mount.bytes(1, "overlay");
  mount.bytes(2, "source");
  mount.bytes(3, "/target");
  mount.bytes(4, "ro");
  mount.bytes(4, "lowerdir=/a:/b");
  protobuf::MessageWriter writer;
  writer.bytes(1, "id");
  writer.bytes(2, "/bundle");
  writer.bytes(3, mount.message());
  writer.number(4, 1);
  writer.bytes(5, "in");
  writer.bytes(6, "out");
  writer.bytes(7, "err");
  writer.bytes(8, "/checkpoint");
  writer.bytes(9, "/parent");
  writer.bytes(10, encode_any({"type", "value"}));
  writer.bytes(77, "of the future");
  const auto request = decode_task_request(Method::create, writer.message());
  REQUIRE(request);
  CHECK(request->id == "id");
  CHECK(request->bundle == "/bundle");
  REQUIRE(request->rootfs.size() == 1);
  CHECK(request->rootfs[0] == Mount{"overlay", "source", "/target", {"ro", "lowerdir=/a:/b"}});
  CHECK(request->stdio == StdioPaths{"in", "out", "err", true});
  CHECK(request->checkpoint == "/checkpoint");
  CHECK(request->parent_checkpoint == "/parent");
  REQUIRE(request->options);
  CHECK(request->options->type == "type");
  CHECK(request->options->value == "value");
}

TEST_CASE("an Exec request is read by its field numbers", "[shim]") {
  const auto exec = decode_task_request(Method::exec,
                                        "\x0a\x01"s
                                        "c"
                                        "\x12\x01"
                                        "e"
                                        "\x18\x01"
                                        "\x22\x01i"
                                        "\x2a\x01o"
                                        "\x32\x01x"
                                        "\x3a\x06\x0a\x01t\x12\x01v"s);
  REQUIRE(exec);
  CHECK(exec->id == "c");
  CHECK(exec->exec_id == "e");
  CHECK(exec->stdio == StdioPaths{"i", "o", "x", true});
  REQUIRE(exec->spec);
  CHECK(exec->spec->value == "v");
}

TEST_CASE("the other requests are read by their field numbers", "[shim]") {
  const std::string process = "\x0a\x01"s + "c" + "\x12\x01" + "e";
  const auto kill = decode_task_request(Method::kill, process + "\x18\x09\x20\x01");
  REQUIRE(kill);
  CHECK(kill->exec_id == "e");
  CHECK(kill->signal == 9);
  CHECK(kill->all);
  const auto resize = decode_task_request(Method::resize_pty, process + "\x18\x50\x20\x18");
  REQUIRE(resize);
  CHECK(resize->width == 80);
  CHECK(resize->height == 24);
  const auto close = decode_task_request(Method::close_io, process + "\x18\x01");
  REQUIRE(close);
  CHECK(close->stdin_too);
  const auto shutdown = decode_task_request(Method::shutdown, "\x0a\x01"s + "c" + "\x10\x01");
  REQUIRE(shutdown);
  CHECK(shutdown->now);
  CHECK(shutdown->exec_id.empty());
  const auto checkpoint = decode_task_request(
      Method::checkpoint, "\x0a\x01"s + "c" + "\x12\x02/p" + "\x1a\x03\x0a\x01t");
  REQUIRE(checkpoint);
  CHECK(checkpoint->path == "/p");
  REQUIRE(checkpoint->options);
  CHECK(checkpoint->options->type == "t");
  const auto update = decode_task_request(Method::update, "\x0a\x01"s + "c" + "\x12\x04\x12\x02{}");
  REQUIRE(update);
  REQUIRE(update->resources);
  CHECK(update->resources->value == "{}");
}

TEST_CASE("malformed requests are refused, in nested messages too", "[shim]") {
  CHECK_FALSE(decode_task_request(Method::state, "\x0a\x05x"s));
  CHECK_FALSE(decode_task_request(Method::create, "\x1a\x02\x0a\x05"s));  // a mount
  CHECK_FALSE(decode_task_request(Method::create, "\x52\x02\x0a\x05"s));  // the options
  CHECK_FALSE(decode_task_request(Method::exec, "\x3a\x02\x0a\x05"s));
  CHECK_FALSE(decode_task_request(Method::update, "\x12\x02\x0a\x05"s));
  CHECK_FALSE(decode_task_request(Method::checkpoint, "\x1a\x02\x0a\x05"s));
}

TEST_CASE("times are seconds and nanoseconds", "[shim]") {
  CHECK(hex(encode_timestamp(at(1, 5))) ==
        "0801"
        "1005");
  CHECK(hex(encode_timestamp(at(300, 0))) == "08ac02");
  // Before 1970, as protobuf's document says: the nanoseconds count forward.
  CHECK(hex(encode_timestamp(at(-1, 5))) ==
        "08ffffffffffffffffff01"
        "1005");
}

TEST_CASE("responses have containerd's field numbers", "[shim]") {
  StateResponse state{
      "c", "e", "/b", 7, TaskStatus::stopped, {"i", "o", "x", true}, Exit{3, at(1, 0)}};
  CHECK(hex(encode(state)) ==
        "0a0163"
        "12022f62"
        "1807"
        "2003"
        "2a0169"
        "32016f"
        "3a0178"
        "4001"
        "4803"
        "52020801"
        "5a0165");
  CHECK(hex(encode(StateResponse{"c", "", "", 0, TaskStatus::created, {}, {}})) ==
        "0a0163"
        "2001");
  CHECK(hex(encode_pid(300)) == "08ac02");
  CHECK(hex(encode_delete_response(7, {137, at(1, 0)})) ==
        "0807"
        "108901"
        "1a020801");
  CHECK(hex(encode_wait_response({0, at(1, 0)})) == "12020801");
  CHECK(hex(encode_connect_response(5, 6)) ==
        "0805"
        "1006");
  CHECK(hex(encode_stats_response({"t", "v"})) ==
        "0a06"
        "0a0174"
        "120176");
  CHECK(hex(encode_pids_response({{5, ""}, {6, "e"}})) ==
        "0a02"
        "0805"
        "0a2c"
        "0806"
        "1228"
        "0a21" +
            hex("containerd.runc.v1.ProcessDetails") + "12030a0165");
}

TEST_CASE("events have containerd's topics, types and field numbers", "[shim]") {
  TaskRequest request;
  request.id = "c";
  request.bundle = "/b";
  request.rootfs = {{"bind", "/s", "", {"ro"}}};
  request.stdio = {"i", "o", "x", true};
  struct Row {
    Event event;
    std::string_view topic, type, bytes;
  };
  const Exit exit{3, at(1, 0)};
  const std::vector<Row> rows = {
      {task_create_event(request, 7), "/tasks/create", "containerd.events.TaskCreate",
       "0a0163"
       "12022f62"
       "1a0e"
       "0a0462696e64"
       "12022f73"
       "2202726f"
       "220b"
       "0a0169"
       "12016f"
       "1a0178"
       "2001"
       "3007"},
      {task_start_event("c", 7), "/tasks/start", "containerd.events.TaskStart",
       "0a0163"
       "1007"},
      {task_exit_event("c", "", 7, exit), "/tasks/exit", "containerd.events.TaskExit",
       "0a0163"
       "120163"
       "1807"
       "2003"
       "2a020801"},
      {task_exit_event("c", "e", 7, exit), "/tasks/exit", "containerd.events.TaskExit",
       "0a0163"
       "120165"
       "1807"
       "2003"
       "2a020801"},
      {task_delete_event("c", 7, exit), "/tasks/delete", "containerd.events.TaskDelete",
       "0a0163"
       "1007"
       "1803"
       "22020801"},
      {task_exec_added_event("c", "e"), "/tasks/exec-added", "containerd.events.TaskExecAdded",
       "0a0163"
       "120165"},
      {task_exec_started_event("c", "e", 7), "/tasks/exec-started",
       "containerd.events.TaskExecStarted",
       "0a0163"
       "120165"
       "1807"},
      {task_paused_event("c"), "/tasks/paused", "containerd.events.TaskPaused", "0a0163"},
      {task_resumed_event("c"), "/tasks/resumed", "containerd.events.TaskResumed", "0a0163"},
      {task_oom_event("c"), "/tasks/oom", "containerd.events.TaskOOM", "0a0163"},
      {task_checkpointed_event("c", "/p"), "/tasks/checkpointed",
       "containerd.events.TaskCheckpointed",
       "0a0163"
       "12022f70"},
  };
  for (const Row& row : rows) {
    INFO(row.topic);
    CHECK(row.event.topic == row.topic);
    CHECK(row.event.type == row.type);
    CHECK(hex(row.event.message) == row.bytes);
  }
}

TEST_CASE("a job's result comes back as it was", "[shim]") {
  for (const std::string& value : {""s, "4711"s, "a\0b"s}) {
    const auto back = decode_result(encode_result(value));
    REQUIRE(back);
    REQUIRE(back->ok());
    CHECK(back->value() == value);
  }
  Error error = config_error("/process/args", "is empty");
  error.phase = Phase::validate;
  error.errno_value = 2;
  error.syscall = "openat2";
  const auto back = decode_result(encode_result(error));
  REQUIRE(back);
  REQUIRE_FALSE(back->ok());
  CHECK(back->error() == error);
  CHECK_FALSE(decode_result(""));
  CHECK_FALSE(decode_result("\x0a\x05x"));
}

TEST_CASE("a refusal ends in the words by which clients know its kind", "[shim]") {
  ttrpc::Response seen;
  const ttrpc::Respond respond = [&](ttrpc::Response response) { seen = std::move(response); };
  refuse(respond, ttrpc::Code::not_found, "container not created");
  CHECK(seen.status.code == ttrpc::Code::not_found);
  CHECK(seen.status.message == "container not created: not found");
  refuse(respond, ttrpc::Code::not_found, "it is not found");
  CHECK(seen.status.message == "it is not found");
  refuse(respond, "OCI runtime create failed", make_error(ErrorCode::wrong_status, "no"));
  CHECK(seen.status.code == ttrpc::Code::failed_precondition);
  CHECK(seen.status.message == "OCI runtime create failed: no");
}
