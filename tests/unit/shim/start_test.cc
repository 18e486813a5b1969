// What comes before a server: arguments, options, the answer to `start`, the socket's name.
#include <fcntl.h>
#include <unistd.h>

#include "protobuf/wire.h"
#include "shim/arguments.h"
#include "shim/bootstrap.h"
#include "shim/bundle_record.h"
#include "shim/dead_sockets.h"
#include "shim/options.h"
#include "shim/sha256.h"
#include "sys/files.h"
#include "sys/seqpacket.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/shim/hex.h"

using namespace myrt;
using namespace myrt::shim;
using namespace std::string_literals;

namespace {

Result<Arguments> parse(std::vector<const char*> words) { return parse_arguments(words); }

std::string message_of(const Result<Arguments>& result) {
  return result.ok() ? "" : result.error().message;
}

Any toml(std::string_view text) {
  protobuf::MessageWriter writer;
  writer.bytes(1, "io.containerd.myrt.v2");
  writer.bytes(3, text);
  return {"runtimeoptions.v1.Options", writer.take()};
}

}  // namespace

TEST_CASE("the command line is read as Go's flag package does", "[shim]") {
  const auto start = parse({"-namespace", "k8s.io", "--address=/run/c.sock", "-publish-binary",
                            "/usr/bin/containerd", "-id", "x", "-debug", "start"});
  REQUIRE(start.ok());
  CHECK(start->action == Action::start);
  CHECK(start->name_space == "k8s.io");
  CHECK(start->address == "/run/c.sock");
  CHECK(start->publish_binary == "/usr/bin/containerd");
  CHECK(start->id == "x");
  CHECK(start->debug);
  const auto remove =
      parse({"-namespace", "n", "-id", "x", "-bundle", "/b", "-debug=false", "delete"});
  REQUIRE(remove.ok());
  CHECK(remove->action == Action::remove);
  CHECK(remove->bundle == "/b");
  CHECK_FALSE(remove->debug);
  CHECK(parse({"-v"})->action == Action::version);
  CHECK(parse({"-info"})->action == Action::info);
}

TEST_CASE("a command line that means nothing is refused with the word", "[shim]") {
  CHECK(message_of(parse({"-nosuch", "start"})) == "unknown flag `-nosuch`");
  CHECK(message_of(parse({"-id"})) == "`-id` needs a value");
  CHECK(message_of(parse({"-id", "x", "-namespace", "n", "stop"})) ==
        "unknown action `stop`: start or delete");
  CHECK(message_of(parse({"-id", "x", "-namespace", "n", "start", "start"})) ==
        "one argument too many: `start`");
  CHECK(message_of(parse({"-id", "x", "-namespace", "n"})) ==
        "an action is required: start or delete");
  CHECK(message_of(parse({"start"})) == "-id and -namespace are required");
  CHECK(message_of(parse({"-id", "a/b", "-namespace", "n", "start"})) ==
        "`a/b` is no name of a container");
}

TEST_CASE("SHA-256 has the values of FIPS 180-4", "[shim]") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("the socket's name is the hash of containerd's address, namespace and group", "[shim]") {
  CHECK(socket_path("/run/containerd/containerd.sock", "k8s.io", "pod") ==
        "/run/containerd/s/" + sha256_hex("/run/containerd/containerd.sock/k8s.io/pod"));
}

TEST_CASE("containers of one pod share a group, by either annotation", "[shim]") {
  CHECK(group_of(R"({"ociVersion":"1.0.2"})", "id") == "id");
  CHECK(group_of(R"({"annotations":{"io.kubernetes.cri.sandbox-id":"pod"}})", "id") == "pod");
  CHECK(group_of(R"({"annotations":{"io.kubernetes.cri.sandbox-id":"pod",
                    "io.containerd.runc.v2.group":"group"}})",
                 "id") == "group");
  CHECK(group_of("not JSON", "id") == "id");
}

TEST_CASE("the answer to start is an address for containerd 1.6 and JSON for later ones",
          "[shim]") {
  CHECK(answer_version("", "") == 1);
  CHECK(answer_version("/run/containerd/containerd.sock", "") == 2);
  CHECK(answer_version("/run/containerd/containerd.sock", "2") == 2);
  CHECK(answer_version("/run/containerd/containerd.sock", "3") == 3);
  CHECK(answer_version("/run/containerd/containerd.sock", "4") == 3);
  CHECK(answer_version("/run/containerd/containerd.sock", "none") == 2);
  CHECK(start_answer("unix:///s", {"", 1}) == "unix:///s");
  CHECK(start_answer("unix:///s", {"", 2}) ==
        R"({"version":2,"address":"unix:///s","protocol":"ttrpc"})");
  CHECK(start_answer("unix:///s", {"", 3}) ==
        R"({"version":3,"address":"unix:///s","protocol":"ttrpc"})");
}

TEST_CASE("options are found in an Any and in containerd 2.3's parameters", "[shim]") {
  protobuf::MessageWriter options;
  options.bytes(3, "/sys/fs/cgroup/shims");
  const std::string any = encode_any({"containerd.runc.v1.Options", options.message()});
  const auto shim_cgroup = [](std::string_view input) {
    return decode_options(options_in(input))->shim_cgroup;
  };
  CHECK(shim_cgroup(any) == "/sys/fs/cgroup/shims");
  protobuf::MessageWriter parameters;
  parameters.bytes(1, "instance");
  parameters.bytes(2, "namespace");
  parameters.number(3, -4);
  parameters.bytes(5, "/run/containerd/containerd.sock.ttrpc");
  parameters.bytes(8, encode_any({"another.type", "x"}));
  parameters.bytes(8, any);
  CHECK(shim_cgroup(parameters.message()) == "/sys/fs/cgroup/shims");
  CHECK(options_in("").type.empty());
  CHECK(options_in("\x0a\x05x"s).type.empty());
  CHECK(options_in(encode_any({"another.type", "x"})).type.empty());
  CHECK(shim_cgroup(encode_any(toml("ShimCgroup = \"/c\"\n"))) == "/c");
}

TEST_CASE("options may be in a file that containerd's configuration names", "[shim]") {
  const test::TempDir directory;
  protobuf::MessageWriter writer;
  writer.bytes(1, "io.containerd.myrt.v2");
  writer.bytes(2, directory.write("options.toml", "Root = \"/of/the/file\"\n"));
  const Any named{"runtimeoptions.v1.Options", writer.message()};
  CHECK(options_file(named) == directory / "options.toml");
  CHECK(load_options(named)->root == "/of/the/file");
  writer.bytes(3, "Root = \"/of/the/body\"\n");
  const Any both{"runtimeoptions.v1.Options", writer.message()};
  CHECK(options_file(both).empty());
  CHECK(load_options(both)->root == "/of/the/body");
  protobuf::MessageWriter missing;
  missing.bytes(2, directory / "none");
  const auto refused = load_options({"runtimeoptions.v1.Options", missing.message()});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().errno_value == ENOENT);
}

TEST_CASE("options are read from runc's message by their field numbers", "[shim]") {
  protobuf::MessageWriter writer;
  writer.number(1, 1);
  writer.number(2, 1);
  writer.bytes(3, "/cgroup");
  writer.number(4, 1000);
  writer.number(5, 1001);
  writer.bytes(6, "/usr/bin/myrt");
  writer.bytes(7, "/root");
  writer.number(9, 1);
  writer.bytes(10, "/images");
  writer.bytes(11, "/work");
  const auto options = decode_options({"containerd.runc.v1.Options", writer.take()});
  REQUIRE(options.ok());
  CHECK(options.value() == Options{true, true, true, "/cgroup", 1000, 1001, "/usr/bin/myrt",
                                   "/root", "/images", "/work"});
  CHECK(decode_options({})->root == "/run/containerd/runc");
}

TEST_CASE("options are read from the CRI plugin's TOML", "[shim]") {
  const auto options =
      decode_options(toml("# by hand\n\nSystemdCgroup = true\n  Root = \"/r\"\n"
                          "IoUid = 7\nShimCgroup = '/c'\nNoPivotRoot=false"));
  REQUIRE(options.ok());
  CHECK(options->systemd_cgroup);
  CHECK_FALSE(options->no_pivot_root);
  CHECK(options->root == "/r");
  CHECK(options->io_uid == 7);
  CHECK(options->shim_cgroup == "/c");
}

TEST_CASE("options that mean nothing are refused by name", "[shim]") {
  const auto refusal = [](const Any& any) {
    const auto options = decode_options(any);
    return options.ok() ? std::string() : options.error().message;
  };
  CHECK(refusal(toml("Nosuch = true")) == "runtime options: `Nosuch = true` is none");
  CHECK(refusal(toml("SystemdCgroup = 1")) ==
        "runtime options: `SystemdCgroup = 1`: not a value of its type");
  CHECK(refusal(toml("IoUid = -1")) == "runtime options: `IoUid = -1`: not a value of its type");
  CHECK(refusal(toml("Root = /r")) == "runtime options: `Root = /r`: not a value of its type");
  CHECK(refusal(toml("BinaryName = '/usr/bin/crun'")) ==
        "runtime options: BinaryName `/usr/bin/crun`: this shim has its runtime, myrt, built in");
  CHECK(refusal(toml("Root")) == "runtime options: `Root` is none");
  CHECK(refusal({"another.Options", ""}) == "runtime options: unknown type `another.Options`");
  CHECK(refusal({"containerd.runc.v1.Options", "\x0a\x05x"}) ==
        "runtime options: malformed message");
}

TEST_CASE("what delete has to know is kept in the bundle", "[shim]") {
  const test::TempDir bundle;
  CHECK(read_bundle_record(bundle.path()).root == "/run/containerd/runc");
  REQUIRE(write_bundle_record(bundle.path(), {"/r", true}).ok());
  CHECK(read_bundle_record(bundle.path()).root == "/r");
  CHECK(read_bundle_record(bundle.path()).systemd_cgroup);
  REQUIRE(write_bundle_record(bundle.path(), {"/other", false}).ok());
  CHECK(read_bundle_record(bundle.path()).root == "/other");
  CHECK_FALSE(read_bundle_record(bundle.path()).systemd_cgroup);
  bundle.write("myrt-shim", "");
  CHECK(read_bundle_record(bundle.path()).root == "/run/containerd/runc");
}

TEST_CASE("-info answers with name, version and the features of the runtime", "[shim]") {
  const std::string message = info();
  const auto fields = protobuf::read_fields(message);
  REQUIRE(fields);
  REQUIRE(fields->size() == 3);
  CHECK((*fields)[0].number == 1);
  CHECK((*fields)[0].bytes == "io.containerd.myrt.v2");
  CHECK((*fields)[1].number == 2);
  CHECK((*fields)[2].number == 4);
  const auto any = protobuf::read_fields((*fields)[2].bytes);
  REQUIRE(any);
  CHECK((*any)[0].bytes == "types.containerd.io/opencontainers/runtime-spec/1/features/Features");
  CHECK((*any)[1].bytes.starts_with("{"));
  CHECK((*any)[1].bytes.find("\"ociVersionMax\"") != std::string_view::npos);
}

TEST_CASE("a socket is unbound when no line of the kernel's table ends with its name", "[shim]") {
  const std::string living(64, 'a'), dead(64, 'b'), other(64, 'c');
  const std::string table =
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 46701 /proc/self/fd/4/" +
      living +
      "\n0000000000000000: 00000003 00000000 00000000 0001 03 46702\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 46703 @/abstract\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 46704 /run/containerd/s/" +
      other + "\n";
  CHECK(unbound({living, dead, other}, table) == std::vector<std::string>{dead});
  CHECK(unbound({living, dead}, "") == std::vector<std::string>{living, dead});
  CHECK(unbound({"containerd.sock", std::string(64, 'z'), dead + "b", ""}, "").empty());
}

TEST_CASE("dead sockets of a directory go, and those that somebody listens at stay", "[shim]") {
  const test::TempDir directory;
  const auto at = sys::open(directory.path(), O_PATH | O_DIRECTORY);
  REQUIRE(at.ok());
  const std::string living(64, 'a'), dead(64, 'b');
  const auto listener = sys::listen_unix_at(at->get(), living);
  REQUIRE(listener.ok());
  REQUIRE(sys::listen_unix_at(at->get(), dead).ok());  // and closed
  REQUIRE(sys::write_atomic_at(at->get(), std::string(64, 'f'), "a file", 0600).ok());

  remove_dead_sockets(directory.path());

  CHECK(sys::connect_unix(directory / living).ok());
  CHECK(::access((directory / dead).c_str(), F_OK) != 0);
  CHECK(::access((directory / std::string(64, 'f')).c_str(), F_OK) == 0);
}
