#include "namespaces/id_mappings.h"

#include <unistd.h>

#include "tests/support/catch.h"

using myrt::namespaces::id_map_text;
using myrt::namespaces::map_program_arguments;
using myrt::namespaces::maps_only;
using myrt::oci::IdMapping;

TEST_CASE("an id map has one line for each entry, for one write", "[namespaces][IDS-01][IDS-04]") {
  CHECK(id_map_text({}).empty());
  CHECK(id_map_text({{0, 1000, 1}, {1, 100000, 65535}, {65536, 4294967294U, 1}}) ==
        "0 1000 1\n1 100000 65535\n65536 4294967294 1\n");
}

TEST_CASE("setgroups is denied only for a map of the own group alone",
          "[namespaces][IDS-05][CVE-2014-8989]") {
  const std::uint32_t own = 1000;
  CHECK(maps_only({{0, own, 1}}, own));
  CHECK(maps_only({{55, own, 1}}, own));
  CHECK_FALSE(maps_only({{0, own, 2}}, own));
  CHECK_FALSE(maps_only({{0, own + 1, 1}}, own));
  CHECK_FALSE(maps_only({{0, own, 1}, {1, 100000, 1}}, own));
  CHECK_FALSE(maps_only({}, own));
}

TEST_CASE("newuidmap gets the pid and then three numbers for each entry", "[namespaces][IDS-01]") {
  CHECK(map_program_arguments("/usr/bin/newuidmap", 42, {{0, 1000, 1}, {1, 100000, 65536}}) ==
        std::vector<std::string>{"/usr/bin/newuidmap", "42", "0", "1000", "1", "1", "100000",
                                 "65536"});
}

TEST_CASE("no map is written without a new user namespace", "[namespaces][NSP-09]") {
  const auto procfs = myrt::sys::Procfs::open();
  REQUIRE(procfs.ok());
  myrt::namespaces::Plan plan;

  // Pid 0 has no directory in /proc, so a write would fail.
  CHECK(write_id_mappings(*procfs, 0, plan).ok());
  plan.new_flags = myrt::namespaces::clone_flag(myrt::oci::NamespaceType::user);
  plan.uid_mappings = {{0, 0, 1}};
  const auto written = write_id_mappings(*procfs, 0, plan);
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().pointer == "/linux/uidMappings");
}
