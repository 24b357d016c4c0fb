// Words as they come from Python, and what they stand for.
#pragma once

#include <stdexcept>
#include <string>

namespace backlit {

// Which of the names it is; `kind` says what is looked for, should there be none.
template <std::size_t n>
int index_of(const std::string& name, const char* const (&names)[n], const char* kind) {
  for (std::size_t i = 0; i < n; ++i)
    if (name == names[i]) return int(i);
  throw std::invalid_argument(std::string("the native engine has no ") + kind + " named '" + name + "'");
}

}  // namespace backlit
