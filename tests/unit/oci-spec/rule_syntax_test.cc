#include "oci-spec/rule_syntax.h"

#include "tests/support/catch.h"

namespace myrt::oci {

TEST_CASE("semantic versions are those of SemVer 2.0.0", "[oci-spec][VER-01][VER-02]") {
  for (const char* version : {"0.0.0", "1.2.3", "10.20.30", "1.0.2-dev", "1.1.0+dev", "1.3.0-rc.1",
                              "1.0.0-0.a-b.7+001.x", "1.0.0--", "1.0.0+-"}) {
    CHECK(is_semantic_version(version));
  }
  for (const char* version : {"", "1", "1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.00", "1.0.0-",
                              "1.0.0+", "1.0.0-01", "1.0.0-a..b", "1.0.0-a_b", "1.0.0+a+b", "1..0",
                              " 1.0.0", "1.0.0 ", "1.0.x", "-1.0.0", "1.0."}) {
    CHECK_FALSE(is_semantic_version(version));
  }
}

TEST_CASE("number lists are ranges in order and up to a limit", "[oci-spec][AFF-02][MPL-02]") {
  for (const char* list : {"0", "0-3,7", "7,0-3", "5-5", "1023", "0 - 3 , 7", "007"}) {
    CHECK(is_number_list(list, 1023));
  }
  for (const char* list : {"", ",", "1,", ",1", "1,,2", "-", "1-", "-1", "3-1", "0-1-2", "a", "0x1",
                           "1024", "0-1024", "99999999999999999999", "1 2", "+1", "1\n"}) {
    CHECK_FALSE(is_number_list(list, 1023));
  }
}

TEST_CASE("page sizes are numbers of KB, MB or GB", "[oci-spec][CHP-01]") {
  for (const char* size : {"64KB", "2MB", "1GB", "16GB"}) CHECK(is_page_size(size));
  for (const char* size : {"", "KB", "0KB", "02MB", "2M", "2mb", "2TB", "-2MB", "2 MB", "2MBB"}) {
    CHECK_FALSE(is_page_size(size));
  }
}

TEST_CASE("interface names are those that the kernel takes", "[oci-spec][NET-03]") {
  for (const char* name : {"eth0", "a", "fifteen_chars_x", "web%d", "..."}) {
    CHECK(is_interface_name(name));
  }
  for (const char* name : {"", ".", "..", "sixteen_chars_xx", "a/b", "a b", "a:b", "a\tb", "a\n"}) {
    CHECK_FALSE(is_interface_name(name));
  }
}

}  // namespace myrt::oci
