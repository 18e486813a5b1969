#include <cstring>
#include <random>

#include "cgroups/device_rule.h"
#include "cgroups/devices_program.h"
#include "cgroups/plan.h"
#include "tests/support/catch.h"

namespace myrt::cgroups {
namespace {

using Rules = std::vector<oci::DeviceCgroupRule>;

struct Access {
  char type = 'c';
  std::uint32_t major = 0, minor = 0, letters = 0;
};

// An interpreter for the instructions that the filter may use; anything else fails the test.
class Interpreter {
 public:
  explicit Interpreter(const std::vector<bpf_insn>& code) : code_(code) {}

  bool allows(const Access& access) {
    const std::uint32_t type = access.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    context_ = {
        .access_type = access.letters << 16U | type, .major = access.major, .minor = access.minor};
    for (std::size_t i = 0; i < code_.size(); ++i) {
      const bpf_insn& step = code_[i];
      if (step.code == (BPF_JMP | BPF_EXIT)) return registers_[0] == 1;
      if (BPF_CLASS(step.code) == BPF_JMP32) {
        if (jumps(step)) i += static_cast<std::size_t>(step.off);
      } else {
        compute(step);
      }
    }
    throw std::runtime_error("ran off the end");
  }

 private:
  bool jumps(const bpf_insn& step) const {
    const auto value = static_cast<std::uint32_t>(registers_[step.dst_reg]);
    const auto wanted = static_cast<std::uint32_t>(step.imm);
    if (step.off < 0) throw std::runtime_error("jumps back");
    if (BPF_OP(step.code) == BPF_JNE) return value != wanted;
    if (BPF_OP(step.code) == BPF_JEQ) return value == wanted;
    throw std::runtime_error("unknown jump");
  }

  void compute(const bpf_insn& step) {
    std::uint64_t& target = registers_[step.dst_reg];
    if (step.code == (BPF_LDX | BPF_MEM | BPF_W)) {
      if (step.src_reg != BPF_REG_1) throw std::runtime_error("loads from elsewhere");
      std::uint32_t word = 0;
      std::memcpy(&word, reinterpret_cast<const char*>(&context_) + step.off, sizeof(word));
      target = word;
      return;
    }
    if (BPF_CLASS(step.code) != BPF_ALU) throw std::runtime_error("unknown class");
    const auto operand = BPF_SRC(step.code) == BPF_X
                             ? static_cast<std::uint32_t>(registers_[step.src_reg])
                             : static_cast<std::uint32_t>(step.imm);
    const auto value = static_cast<std::uint32_t>(target);
    switch (BPF_OP(step.code)) {
      case BPF_MOV:
        target = operand;
        return;
      case BPF_AND:
        target = value & operand;
        return;
      case BPF_RSH:
        target = value >> operand;
        return;
      default:
        throw std::runtime_error("unknown operation");
    }
  }

  const std::vector<bpf_insn>& code_;
  bpf_cgroup_dev_ctx context_ = {};
  std::uint64_t registers_[11] = {};
};

bool matches(const oci::DeviceCgroupRule& rule, const Access& access) {
  return (rule.type == 'a' || rule.type == access.type) &&
         (!rule.major || *rule.major == -1 || *rule.major == access.major) &&
         (!rule.minor || *rule.minor == -1 || *rule.minor == access.minor);
}

// What the rules say, letter by letter.
bool reference_allows(const Rules& rules, const Access& access) {
  for (const auto& [bit, letter] :
       {std::pair{kAccessRead, 'r'}, std::pair{kAccessWrite, 'w'}, std::pair{kAccessMknod, 'm'}}) {
    if ((access.letters & bit) == 0) continue;
    bool allowed = false;
    for (const auto& rule : rules) {
      const bool has_letter = rule.access.empty() || rule.access.find(letter) != std::string::npos;
      if (has_letter && matches(rule, access)) allowed = rule.allow;
    }
    if (!allowed) return false;
  }
  return true;
}

// The v1 kernel's list, as its devices.allow and devices.deny treat it.
class KernelList {
 public:
  explicit KernelList(const Writes& writes) {
    for (const Write& write : writes) {
      const bool allow = write.file == "devices.allow";
      if (write.value[0] == 'a') {
        allows_the_rest_ = allow;
        exceptions_.clear();
      } else {
        REQUIRE(allow != allows_the_rest_);
        exceptions_.push_back(write.value);
      }
    }
  }

  bool allows(const Access& access) const {
    for (const std::string& exception : exceptions_) {
      const std::string any_major = fmt::format("{} *:", access.type);
      const std::string major = fmt::format("{} {}:", access.type, access.major);
      if (!exception.starts_with(any_major) && !exception.starts_with(major)) continue;
      const std::size_t colon = exception.find(':');
      const std::size_t space = exception.find(' ', colon);
      const std::string minor = exception.substr(colon + 1, space - colon - 1);
      if (minor != "*" && minor != fmt::to_string(access.minor)) continue;
      std::uint32_t letters = 0;
      for (const char letter : exception.substr(space + 1)) {
        letters |= letter == 'r' ? kAccessRead : letter == 'w' ? kAccessWrite : kAccessMknod;
      }
      if (allows_the_rest_ && (letters & access.letters) != 0) return false;
      if (!allows_the_rest_ && (access.letters & ~letters) == 0) return true;
    }
    return allows_the_rest_;
  }

 private:
  bool allows_the_rest_ = true;
  std::vector<std::string> exceptions_;
};

Rules random_rules(std::mt19937& random) {
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  const auto number = [&]() -> std::optional<std::int64_t> {
    const unsigned choice = below(5);
    if (choice == 0) return std::nullopt;
    return choice == 1 ? -1 : static_cast<std::int64_t>(choice - 2);
  };
  const char* letters[] = {"", "r", "w", "m", "rw", "rm", "wm", "rwm"};
  Rules rules;
  for (unsigned i = below(7); i > 0; --i) {
    rules.push_back({.allow = below(2) == 0,
                     .type = "abc"[below(3)],
                     .major = number(),
                     .minor = number(),
                     .access = letters[below(8)]});
  }
  return rules;
}

template <class Check>
void for_each_access(const Check& check) {
  for (const char type : {'b', 'c'}) {
    for (std::uint32_t major = 0; major < 4; ++major) {
      for (std::uint32_t minor = 0; minor < 4; ++minor) {
        for (std::uint32_t letters = 1; letters < 8; ++letters) {
          check(Access{.type = type, .major = major, .minor = minor, .letters = letters});
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("the filter program decides like the rules, letter by letter",
          "[cgroups][CDV-01][CDV-03]") {
  std::mt19937 random(1);
  std::size_t wrong = 0;
  for (int round = 0; round < 400; ++round) {
    const Rules rules = random_rules(random);
    const Result<std::vector<bpf_insn>> program = devices_program(rules, "");
    REQUIRE(program.ok());
    for_each_access([&](const Access& access) {
      if (Interpreter(*program).allows(access) != reference_allows(rules, access)) ++wrong;
    });
  }
  CHECK(wrong == 0);
}

TEST_CASE("v1 exceptions decide like the rules, or are refused", "[cgroups][CDV-01][CDV-02]") {
  std::mt19937 random(2);
  std::size_t allowed_too_much = 0;
  std::size_t differs_for_one_letter = 0;
  std::size_t expressed = 0;
  for (int round = 0; round < 1000; ++round) {
    const Rules rules = random_rules(random);
    const Result<Writes> writes = devices_writes(rules, "/d", OnDenied::error);
    if (!writes.ok()) {
      CHECK(writes.error().code == ErrorCode::unsupported);
      continue;
    }
    ++expressed;
    const KernelList list(*writes);
    for_each_access([&](const Access& access) {
      const bool allows = list.allows(access);
      const bool expected = reference_allows(rules, access);
      // The kernel wants a single entry with all letters, so it may deny more, never less.
      if (allows && !expected) ++allowed_too_much;
      const bool one_letter = (access.letters & (access.letters - 1)) == 0;
      if (one_letter && allows != expected) ++differs_for_one_letter;
    });
  }
  CHECK(expressed > 400);
  CHECK(allowed_too_much == 0);
  CHECK(differs_for_one_letter == 0);
}

TEST_CASE("what comes before a rule for everything is not in the program", "[cgroups][CDV-03]") {
  const oci::DeviceCgroupRule all = {
      .allow = true, .type = 'a', .major = {}, .minor = {}, .access = "rwm"};
  const oci::DeviceCgroupRule some = {
      .allow = false, .type = 'c', .major = 1, .minor = 1, .access = "rwm"};

  CHECK(devices_program({some, some, all}, "")->size() == devices_program({all}, "")->size());
  CHECK(devices_program({all, some}, "")->size() > devices_program({all}, "")->size());
}

TEST_CASE("an access without letters is denied where nothing is allowed", "[cgroups][CDV-03]") {
  const Access nothing = {.type = 'c', .major = 1, .minor = 3, .letters = 0};

  CHECK_FALSE(Interpreter(*devices_program({}, "")).allows(nothing));
  CHECK(Interpreter(*devices_program(default_device_rules(), "")).allows(nothing));
}

TEST_CASE("v1 device writes are few", "[cgroups][CDV-02]") {
  Rules rules = {{.allow = false, .type = 'a', .major = {}, .minor = {}, .access = "rwm"},
                 {.allow = true, .type = 'c', .major = 1, .minor = 3, .access = "rwm"},
                 {.allow = true, .type = 'c', .major = 1, .minor = 3, .access = "r"},
                 {.allow = true, .type = 'c', .major = 1, .minor = {}, .access = "rw"},
                 {.allow = true, .type = 'c', .major = 1, .minor = 5, .access = "r"}};

  const Result<Writes> writes = devices_writes(rules, "", OnDenied::error);

  REQUIRE(writes.ok());
  REQUIRE(writes->size() == 3);
  CHECK((*writes)[0].file == "devices.deny");
  CHECK((*writes)[0].value == "a *:* rwm");
  CHECK((*writes)[1].file == "devices.allow");
  CHECK((*writes)[1].value == "c 1:3 rwm");
  CHECK((*writes)[2].value == "c 1:* rw");
}

TEST_CASE("a privileged container has one v1 device write", "[cgroups][CDV-02]") {
  Rules rules = {{.allow = true, .type = 'a', .major = {}, .minor = {}, .access = "rwm"}};
  const auto& defaults = default_device_rules();
  rules.insert(rules.end(), defaults.begin(), defaults.end());

  const Result<Writes> writes = devices_writes(rules, "", OnDenied::error);

  REQUIRE(writes.ok());
  REQUIRE(writes->size() == 1);
  CHECK((*writes)[0].file == "devices.allow");
}

TEST_CASE("a hole in a wider v1 entry is refused with its rule", "[cgroups][CDV-02]") {
  const Rules rules = {{.allow = true, .type = 'c', .major = 8, .minor = {}, .access = "rwm"},
                       {.allow = false, .type = 'c', .major = 8, .minor = 1, .access = "w"}};

  const Result<Writes> writes = devices_writes(rules, "/d", OnDenied::error);

  REQUIRE_FALSE(writes.ok());
  CHECK(writes.error().code == ErrorCode::unsupported);
  CHECK(writes.error().pointer == "/d/1");
}

TEST_CASE("the access `a` of a rule that denies is all of it", "[cgroups][CDV-04][DIFF-41]") {
  const auto denied = [](const char* access) {
    const auto checked = check_device_rule(
        {.allow = false, .type = 'c', .major = 1, .minor = 11, .access = access}, "/d/0");
    REQUIRE(checked.ok());
    return checked->access;
  };

  CHECK(denied("rwa") == kAccessAll);
  CHECK(denied("ar") == kAccessAll);
  CHECK(denied("rw") == (kAccessRead | kAccessWrite));
}

TEST_CASE("bad device rules are refused", "[cgroups][CDV-04]") {
  const auto pointer = [](oci::DeviceCgroupRule rule) {
    const auto program = devices_program({rule}, "/d");
    REQUIRE_FALSE(program.ok());
    CHECK_FALSE(devices_writes({rule}, "/d", OnDenied::error).ok());
    return program.error().pointer;
  };
  const auto rule = [](char type, std::int64_t major, const char* access) {
    return oci::DeviceCgroupRule{
        .allow = true, .type = type, .major = major, .minor = {}, .access = access};
  };

  CHECK(pointer(rule('p', 1, "r")) == "/d/0/type");
  CHECK(pointer(rule('c', 1, "rx")) == "/d/0/access");
  CHECK(pointer(rule('c', 1, "rwa")) == "/d/0/access");
  CHECK(pointer(rule('c', -2, "r")) == "/d/0/major");
  CHECK(pointer(rule('c', std::int64_t{1} << 32, "r")) == "/d/0/major");
}

}  // namespace myrt::cgroups
