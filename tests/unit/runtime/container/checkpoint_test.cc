// The pure parts of checkpoint and restore: which mount is which, what a document may say, what is
// known to fail.
#include <linux/mount.h>
#include <sys/stat.h>

#include <tuple>

#include "runtime/container/checkpoint_document.h"
#include "runtime/container/external_mounts.h"
#include "runtime/container/preflight.h"
#include "runtime/container/restore_check.h"
#include "runtime/container/restore_staging.h"
#include "runtime/container/streams.h"
#include "tests/support/catch.h"

using namespace myrt;
using namespace myrt::container;

namespace {

ObservedMount observed(const std::string& point, std::optional<FileIdentity> root,
                       const std::string& fstype = "ext4", const std::string& options = "rw") {
  ObservedMount mount;
  mount.info.mount_point = point;
  mount.info.fstype = fstype;
  mount.info.options = options;
  mount.root = root;
  return mount;
}

HostSource source(std::size_t index, const std::string& destination, FileIdentity identity) {
  return {SourceKind::mount, index, destination, "/host", false, identity};
}

mounts::Step bind_step(const std::string& destination, std::uint64_t attributes = 0) {
  mounts::BindMount bind;
  bind.source = "/host";
  bind.changes = {{sys::Recursive::no, attributes, 0, 0}};
  return {0, destination, std::move(bind)};
}

constexpr FileIdentity kA{1, 10};
constexpr FileIdentity kB{1, 11};
constexpr FileIdentity kRoot{1, 2};

}  // namespace

TEST_CASE("a mount is paired with the source whose file it shows, whatever its path",
          "[checkpoint][CVE-2026-119101]") {
  // Symlinks of the image: /data is at /real/data, and /other's name now leads there.
  const auto external =
      match_mounts({observed("/", kRoot), observed("/real/data", kA), observed("/x/other", kB)},
                   {source(0, "/data", kA), source(1, "/other", kB)});
  REQUIRE(external.size() == 2);
  CHECK(external[0].index == 0);
  CHECK(external[0].mount_point == "/real/data");
  CHECK(external[1].index == 1);
  CHECK(external[1].mount_point == "/x/other");
}

TEST_CASE("two binds of one directory keep their places", "[checkpoint]") {
  const auto external = match_mounts({observed("/", kRoot), observed("/b", kA), observed("/a", kA)},
                                     {source(0, "/a", kA), source(1, "/b", kA)});
  REQUIRE(external.size() == 2);
  CHECK(external[0].mount_point == "/b");
  CHECK(external[0].index == 1);
  CHECK(external[1].mount_point == "/a");
  CHECK(external[1].index == 0);
}

TEST_CASE("one mask covers any number of files, and a covered mount is nobody's", "[checkpoint]") {
  HostSource null = source(0, "", kB);
  null.kind = SourceKind::mask;
  const auto external = match_mounts({observed("/", kRoot), observed("/proc/kcore", kB),
                                      observed("/proc/keys", kB), observed("/c", std::nullopt)},
                                     {null});
  CHECK(external.size() == 2);
}

TEST_CASE("what CRIU cannot save, and names that it cannot read, are refused by their mount",
          "[checkpoint][CVE-2026-119101]") {
  CHECK(
      check_mounts({observed("/", kRoot), observed("/proc", FileIdentity{5, 1}, "proc")}, {}).ok());
  // A bind within the container's own root.
  CHECK(check_mounts({observed("/", kRoot), observed("/bound", kA)}, {}).ok());
  const auto fuse =
      check_mounts({observed("/", kRoot), observed("/f", FileIdentity{9, 1}, "fuse.x")}, {});
  REQUIRE_FALSE(fuse.ok());
  CHECK(fuse.error().message ==
        "mount `/f` of type `fuse.x` is none of the config's, and CRIU cannot save it");
  const auto name = check_mounts({observed("/", kRoot), observed("/a]:/etc", kA)}, {});
  REQUIRE_FALSE(name.ok());
  CHECK(name.error().code == ErrorCode::unsupported);
}

TEST_CASE("the checkpoint's document survives a round trip", "[checkpoint]") {
  const CheckpointDocument document{{{"00ff", SourceKind::mount, 3, "/data", ""},
                                     {"aa", SourceKind::mask, 0, "", ""},
                                     {"bb", SourceKind::mount, 3, "/data", "/sub/mount"}},
                                    {{0, "file[1f:2a]"}}};
  const auto parsed = parse_checkpoint_document(to_json(document));
  REQUIRE(parsed.ok());
  CHECK(*parsed == document);
  const Descriptors descriptors = {"pipe:[7]", "/dev/null", ""};
  CHECK(*parse_descriptors(to_json(descriptors)) == descriptors);
}

TEST_CASE("a document of somebody else cannot name paths or other mounts",
          "[checkpoint][SECURITY]") {
  const auto with_mount = [](const std::string& key, const std::string& index,
                             const std::string& below) {
    return fmt::format(
        R"({{"version":1,"streams":[],"externalMounts":[{{"key":"{}","kind":"mount",)"
        R"("index":{},"destination":"/d","below":"{}"}}]}})",
        key, index, below);
  };
  CHECK(parse_checkpoint_document(with_mount("0a", "1", "/x/y")).ok());
  for (const auto& [key, index, below] :
       std::vector<std::tuple<std::string, std::string, std::string>>{{"/etc", "1", ""},
                                                                      {"", "1", ""},
                                                                      {"a]:b", "1", ""},
                                                                      {"0a", "-1", ""},
                                                                      {"0a", "1.5", ""},
                                                                      {"0a", "1", "/../x"},
                                                                      {"0a", "1", "/x/.."},
                                                                      {"0a", "1", "x"},
                                                                      {"0a", "1", "/x//y"},
                                                                      {"0a", "1", "/x/"}}) {
    INFO(key << " " << index << " " << below);
    CHECK_FALSE(parse_checkpoint_document(with_mount(key, index, below)).ok());
  }
  CHECK_FALSE(parse_checkpoint_document("").ok());
  CHECK_FALSE(parse_checkpoint_document("[]").ok());
  CHECK_FALSE(parse_checkpoint_document(R"({"version":2,"externalMounts":[],"streams":[]})").ok());
  CHECK_FALSE(parse_checkpoint_document(
                  R"({"version":1,"externalMounts":[],"streams":[{"fd":3,"key":"file[1:2]"}]})")
                  .ok());
  CHECK_FALSE(parse_descriptors(R"(["a","b","c","d"])").ok());
  CHECK_FALSE(parse_descriptors("{}").ok());
}

TEST_CASE("a document has to fit the config", "[checkpoint][SECURITY]") {
  mounts::Plan plan;
  plan.steps = {bind_step("/data"), {1, "/proc", mounts::NewFilesystem{}}};
  const auto fits = [&](KeyedMount mount) { return fit_document({{mount}, {}}, plan).ok(); };
  CHECK(fits({"0a", SourceKind::mount, 0, "/data", ""}));
  CHECK_FALSE(fits({"0a", SourceKind::mount, 0, "/etc", ""}));
  CHECK_FALSE(fits({"0a", SourceKind::mount, 1, "/proc", ""}));
  CHECK_FALSE(fits({"0a", SourceKind::device, 0, "/data", ""}));
  CHECK_FALSE(fits({"0a", SourceKind::mask, 0, "", ""}));
}

TEST_CASE("a config may list the mounts in another order", "[checkpoint]") {
  mounts::Plan plan;
  plan.steps = {bind_step("/b"), bind_step("/twice"), bind_step("/a"), bind_step("/twice")};
  const auto index_of = [&](KeyedMount mount) {
    return fit_document({{mount}, {}}, plan).value().mounts.front().index;
  };
  CHECK(index_of({"0a", SourceKind::mount, 0, "/a", ""}) == 2);
  CHECK(index_of({"0b", SourceKind::mount, 7, "/b", "/sub"}) == 0);
  CHECK(index_of({"0c", SourceKind::mount, 3, "/twice", ""}) == 3);
  CHECK_FALSE(fit_document({{{"0c", SourceKind::mount, 0, "/twice", ""}}, {}}, plan).ok());
}

TEST_CASE("CRIU is told of places that no document can choose", "[checkpoint][SECURITY]") {
  const CheckpointDocument document{{{"0a", SourceKind::mount, 4, "/data", ""},
                                     {"0b", SourceKind::mount, 4, "/data", "/sub"},
                                     {"0c", SourceKind::mask, 0, "", ""},
                                     {"0d", SourceKind::device, 2, "/dev/null", ""}},
                                    {}};
  CHECK(external_options(document, "/s") ==
        std::vector<std::string>{"mnt[0a]:/s/mount4", "mnt[0b]:/s/below1", "mnt[0c]:/s/null",
                                 "mnt[0d]:/s/device2"});
}

TEST_CASE("restored mounts have to be those of the document with the plan's attributes",
          "[checkpoint][CVE-2026-119101]") {
  mounts::Plan plan;
  plan.steps = {bind_step("/data", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID)};
  const CheckpointDocument document{{{"0a", SourceKind::mount, 0, "/data", ""}}, {}};
  const auto with = [](const std::string& options) {
    return ExternalMount{SourceKind::mount, 0, "/data", "", "/data", options};
  };
  CHECK(compare_mounts({with("ro,nosuid,relatime")}, plan, document).ok());
  CHECK_FALSE(compare_mounts({with("rw,nosuid,relatime")}, plan, document).ok());
  CHECK_FALSE(compare_mounts({with("ro,relatime")}, plan, document).ok());
  CHECK_FALSE(compare_mounts({}, plan, document).ok());
  CHECK_FALSE(compare_mounts({with("ro,nosuid"), with("ro,nosuid")}, plan, document).ok());
}

TEST_CASE("holders of file locks and established connections are found", "[checkpoint]") {
  CHECK(lock_holders("1: FLOCK  ADVISORY  WRITE 123 08:01:99 0 EOF\n"
                     "1: -> FLOCK  ADVISORY  WRITE 124 08:01:99 0 EOF\n"
                     "2: POSIX  ADVISORY  READ  7 08:01:98 0 EOF\n") == std::vector<pid_t>{123, 7});
  CHECK(lock_holders("").empty());
  const std::string tcp =
      "  sl  local_address rem_address   st tx_queue\n"
      "   0: 0100007F:0016 00000000:0000 0A 00000000:00000000\n"
      "   1: 0100007F:0016 0100007F:D431 01 00000000:00000000\n";
  CHECK(established_connections(tcp) == 1);
}

TEST_CASE("streams on files of the host are external, once for each file", "[checkpoint]") {
  ObservedMount inside = observed("/", kRoot);
  inside.info.id = 100;
  const Stream null{0, "/dev/null", S_IFCHR | 0666, 5, 31, false};
  Stream again = null;
  again.fd = 2;
  const Stream pipe{1, "pipe:[9]", S_IFIFO | 0600, 9, 14, false};
  const Stream own{1, "/log", S_IFREG | 0600, 9, 100, false};
  const Stream terminal{1, "/dev/pts/1", S_IFCHR | 0600, 9, 24, true};
  CHECK(external_streams({null, pipe, again}, {inside}) ==
        std::vector<KeyedStream>{{0, "file[1f:5]"}});
  CHECK(external_streams({own, terminal}, {inside}).empty());
  CHECK(is_redirected(own, {inside}));
  for (const Stream& stream : {null, pipe, terminal}) CHECK_FALSE(is_redirected(stream, {inside}));
}
