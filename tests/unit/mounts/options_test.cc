#include "mounts/options.h"

#include <sys/mount.h>

#include <algorithm>

#include "mounts/idmap_option.h"
#include "tests/support/catch.h"

namespace {

using myrt::mounts::Bind;
using myrt::mounts::IdMap;
using myrt::mounts::option_names;
using myrt::mounts::parse_options;
using myrt::mounts::ParsedOptions;
using myrt::sys::Recursive;

ParsedOptions parsed(const std::vector<std::string>& options) {
  const auto result = parse_options(options, "/mounts/0/options");
  REQUIRE(result.ok());
  return *result;
}

}  // namespace

TEST_CASE("each flag of the spec's table sets or clears its attribute",
          "[mounts][OPT-01][OPT-07][OPT-08][OPT-09][OPT-10][OPT-11][OPT-12][OPT-14]") {
  struct Row {
    const char* set;
    const char* clear;
    std::uint64_t attribute;
  };
  const Row rows[] = {{"ro", "rw", MOUNT_ATTR_RDONLY},
                      {"nosuid", "suid", MOUNT_ATTR_NOSUID},
                      {"nodev", "dev", MOUNT_ATTR_NODEV},
                      {"noexec", "exec", MOUNT_ATTR_NOEXEC},
                      {"nodiratime", "diratime", MOUNT_ATTR_NODIRATIME},
                      {"nosymfollow", "symfollow", MOUNT_ATTR_NOSYMFOLLOW}};
  for (const Row& row : rows) {
    CAPTURE(row.set);
    CHECK(parsed({row.set}).set == row.attribute);
    CHECK(parsed({row.set}).clear == 0);
    CHECK(parsed({row.clear}).clear == row.attribute);
    CHECK(parsed({std::string("r") + row.set}).recursive_set == row.attribute);
    CHECK(parsed({std::string("r") + row.clear}).recursive_clear == row.attribute);
    CHECK(parsed({std::string("r") + row.clear}).set == 0);
  }
}

TEST_CASE("the access time words clear the whole field and set one value of it",
          "[mounts][OPT-01][OPT-13]") {
  struct Row {
    const char* word;
    std::uint64_t value;
  };
  const Row rows[] = {
      {"noatime", MOUNT_ATTR_NOATIME},         {"atime", MOUNT_ATTR_RELATIME},
      {"relatime", MOUNT_ATTR_RELATIME},       {"norelatime", MOUNT_ATTR_STRICTATIME},
      {"strictatime", MOUNT_ATTR_STRICTATIME}, {"nostrictatime", MOUNT_ATTR_RELATIME}};
  for (const Row& row : rows) {
    CAPTURE(row.word);
    CHECK(parsed({row.word}).set == row.value);
    CHECK(parsed({row.word}).clear == MOUNT_ATTR__ATIME);
    CHECK(parsed({std::string("r") + row.word}).recursive_set == row.value);
    CHECK(parsed({std::string("r") + row.word}).recursive_clear == MOUNT_ATTR__ATIME);
  }
  CHECK(parsed({"noatime", "strictatime"}).set == MOUNT_ATTR_STRICTATIME);
}

TEST_CASE("words of access times are also flags as mount(2) has them", "[mounts][OPT-01]") {
  CHECK(parsed({"noatime"}).access_time == MS_NOATIME);
  CHECK(parsed({"noatime", "atime"}).access_time == 0);
  CHECK(parsed({"nodiratime", "strictatime", "norelatime"}).access_time ==
        (MS_NODIRATIME | MS_STRICTATIME));
  CHECK(parsed({"rnoatime", "rnodiratime"}).access_time == 0);
}

TEST_CASE("a plain word names an attribute, a recursive one or a filesystem's does not",
          "[mounts][OPT-01][DIFF-42]") {
  for (const char* word : {"ro", "rw", "dev", "nosuid", "symfollow", "atime", "nostrictatime"}) {
    CAPTURE(word);
    CHECK(parsed({word}).names_attribute);
  }
  CHECK_FALSE(parsed({"rbind", "rro", "rsuid", "ratime", "rprivate", "sync", "loud", "size=1m",
                      "idmap", "defaults"})
                  .names_attribute);
}

TEST_CASE("the words of the superblock are not attributes of the mount",
          "[mounts][OPT-01][OPT-06]") {
  const ParsedOptions options =
      parsed({"sync", "dirsync", "mand", "lazytime", "iversion", "silent"});

  CHECK(options.superblock_flags ==
        (MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_LAZYTIME | MS_I_VERSION | MS_SILENT));
  CHECK(options.set == 0);
  CHECK(parsed({"sync", "async", "mand", "nomand", "lazytime", "nolazytime", "iversion",
                "noiversion", "silent", "loud"}) == ParsedOptions{});
}

TEST_CASE("defaults asks for nothing", "[mounts][OPT-02]") {
  CHECK(parsed({"defaults"}) == ParsedOptions{});
  CHECK(parsed({"ro", "defaults"}).set == MOUNT_ATTR_RDONLY);
}

TEST_CASE("a later option wins over an earlier opposite one", "[mounts][OPT-19]") {
  CHECK(parsed({"ro", "rw"}).set == 0);
  CHECK(parsed({"ro", "rw"}).clear == MOUNT_ATTR_RDONLY);
  CHECK(parsed({"rw", "ro"}).set == MOUNT_ATTR_RDONLY);
  CHECK(parsed({"rw", "ro"}).clear == 0);
  CHECK(parsed({"rro", "rrw"}).recursive_set == 0);
  CHECK(parsed({"bind", "rbind"}).bind == Bind::rbind);
}

TEST_CASE("propagation words keep their order", "[mounts][OPT-05]") {
  const ParsedOptions options = parsed({"rslave", "shared"});

  REQUIRE(options.propagation.size() == 2);
  CHECK(options.propagation[0].type == MS_SLAVE);
  CHECK(options.propagation[0].recursive == Recursive::yes);
  CHECK(options.propagation[1].type == MS_SHARED);
  CHECK(options.propagation[1].recursive == Recursive::no);
  CHECK(parsed({"unbindable"}).propagation.at(0).type == MS_UNBINDABLE);
  CHECK(parsed({"rprivate"}).propagation.at(0).type == MS_PRIVATE);
}

TEST_CASE("the words that are no flags are recognised",
          "[mounts][OPT-03][OPT-04][OPT-15][IDM-04][IDM-05]") {
  CHECK(parsed({"remount"}).remount);
  CHECK(parsed({"tmpcopyup"}).tmpcopyup);
  CHECK(parsed({"copy-symlink"}).copy_symlink);
  CHECK(parsed({"src-nofollow"}).source_nofollow);
  CHECK(parsed({"dest-nofollow"}).destination_nofollow);
  CHECK(parsed({"idmap"}).idmap == IdMap::idmap);
  CHECK(parsed({"ridmap"}).idmap == IdMap::ridmap);
}

TEST_CASE("unknown options are the filesystem's data", "[mounts][OPT-17]") {
  CHECK(parsed({"size=64k", "ro", "huge", ""}).data ==
        std::vector<std::string>{"size=64k", "huge"});
}

TEST_CASE("mappings inside an option are read as crun reads them", "[mounts][IDM-04]") {
  const ParsedOptions options = parsed({"idmap=uids=0-1000-10#@20-5-1;gids=0-2000-3"});
  CHECK(options.idmap == IdMap::idmap);
  CHECK(options.uid_mappings ==
        std::vector<myrt::mounts::OptionIdMapping>{{{0, 1000, 10}, false}, {{20, 5, 1}, true}});
  CHECK(options.gid_mappings == std::vector<myrt::mounts::OptionIdMapping>{{{0, 2000, 3}, false}});
  CHECK(options.data.empty());
  CHECK(parsed({"ridmap=gids=1-2-3;uids=4-5-6"}).idmap == IdMap::ridmap);
}

TEST_CASE("malformed mappings inside an option are refused, not passed on", "[mounts][IDM-08]") {
  for (const char* text :
       {"", "uids=0-1-1", "gids=0-1-1", "uids=0-1-1;gids=", "uids=0-1;gids=0-1-1",
        "uids=0-1-0;gids=0-1-1", "uids=0-1-1-1;gids=0-1-1", "uids=a-1-1;gids=0-1-1",
        "uids=-1-1-1;gids=0-1-1", "uids=0-4294967295-2;gids=0-1-1", "users=0-1-1;gids=0-1-1",
        "uids=0-1-1,gids=0-1-1"}) {
    CAPTURE(text);
    const auto result = parse_options({"ro", std::string("idmap=") + text}, "/mounts/3/options");
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == myrt::ErrorCode::invalid_config);
    CHECK(result.error().pointer == "/mounts/3/options/1");
  }
  CHECK_FALSE(parse_options({"ridmap=uids=0-1-1"}, "").ok());
}

TEST_CASE("relative mappings are ids of the container's user namespace", "[mounts][IDM-04]") {
  const std::vector<myrt::oci::IdMapping> container = {{0, 100, 1}, {1, 200, 1000}};
  const auto resolved =
      myrt::mounts::resolve({{{1, 3, 10}, true}, {{50, 60, 1}, false}}, container, "/p");
  REQUIRE(resolved.ok());
  CHECK(*resolved == std::vector<myrt::oci::IdMapping>{{1, 202, 10}, {50, 60, 1}});
  // Beyond a range are ids of somebody else.
  for (const myrt::oci::IdMapping mapping :
       {myrt::oci::IdMapping{0, 0, 2}, {0, 1000, 2}, {0, 2000, 1}}) {
    CAPTURE(mapping.host_id);
    CHECK_FALSE(myrt::mounts::resolve({{mapping, true}}, container, "/p").ok());
  }
  CHECK_FALSE(myrt::mounts::resolve({{{0, 0, 1}, true}}, {}, "/p").ok());
}

TEST_CASE("the names for the features document are sorted and complete", "[mounts][FEA-06]") {
  const std::vector<std::string> names = option_names();

  CHECK(std::ranges::is_sorted(names));
  CHECK(names.size() == 65);
  for (const char* name : {"rro", "rnodev", "rbind", "tmpcopyup", "idmap", "ridmap", "lazytime",
                           "runbindable", "rnosymfollow", "defaults"}) {
    CAPTURE(name);
    CHECK(std::ranges::find(names, name) != names.end());
  }
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(parsed({name}).data.empty());
  }
}
