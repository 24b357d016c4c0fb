// Words as they come from Python, and what they stand for.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace backlit {

// Which of the names it is; `kind` says what is looked for, should there be none.
template <std::size_t n>
int index_of(const std::string& name, const char* const (&names)[n], const char* kind) {
  for (std::size_t i = 0; i < n; ++i)
    if (name == names[i]) return int(i);
  throw std::invalid_argument(std::string("the native engine has no ") + kind + " named '" + name + "'");
}

template <std::size_t n>
std::vector<std::string> list_of(const char* const (&names)[n]) {
  return {names, names + n};
}

// Arguments by their names, each of which is taken once.
class Arguments {
 public:
  explicit Arguments(std::map<std::string, double> values) : values_(std::move(values)) {}
  double take(const std::string& name) {
    const auto found = values_.find(name);
    if (found == values_.end()) throw std::invalid_argument("the optimizer lacks its argument '" + name + "'");
    const double value = found->second;
    values_.erase(found);
    return value;
  }
  void end() const {
    if (!values_.empty())
      throw std::invalid_argument("the optimizer has no argument named '" + values_.begin()->first + "'");
  }

 private:
  std::map<std::string, double> values_;
};

}  // namespace backlit
