// What an exec'd process says before all else: that it has closed the seal.
#include "runtime/init/handshake.h"
#include "tests/support/catch.h"

namespace myrt::init {
namespace {

TEST_CASE("let_go arrives, and proceed after it", "[init][CVE-2019-5736]") {
  auto [runtime, process] = Channel::pair().value();

  REQUIRE(process.send_let_go().ok());
  CHECK(runtime.wait_for_let_go().ok());
  REQUIRE(runtime.send_proceed(7).ok());
  CHECK(process.wait_for_proceed().value() == 7);
}

TEST_CASE("nothing else is taken for let_go", "[init][CVE-2019-5736]") {
  auto [runtime, process] = Channel::pair().value();

  REQUIRE(process.send_ready(-1).ok());
  CHECK(runtime.wait_for_let_go().error().code == ErrorCode::protocol);
  process.send_failed(make_error(ErrorCode::system, "no memory"));
  CHECK(runtime.wait_for_let_go().error().message == "no memory");
  process.close();
  CHECK(runtime.wait_for_let_go().error().code == ErrorCode::protocol);
}

}  // namespace
}  // namespace myrt::init
