"""Names that tables of expressions are about: known, unknown, null, partly known and sensitive, of every type."""

# What an output of terraform_data is, is known after apply; its type is that of the input.
PREAMBLE = """\
resource "terraform_data" "string" { input = "x" }
resource "terraform_data" "number" { input = 1 }
resource "terraform_data" "bool" { input = true }
resource "terraform_data" "list" { input = tolist(["a"]) }
resource "terraform_data" "set" { input = toset(["a"]) }
resource "terraform_data" "map" { input = tomap({ a = "b" }) }
resource "terraform_data" "tuple" { input = ["a", 1] }
resource "terraform_data" "object" { input = { a = "x", b = [1] } }
locals {
  u_any    = jsondecode(terraform_data.string.output)
  u_string = terraform_data.string.output
  u_number = terraform_data.number.output
  u_bool   = terraform_data.bool.output
  u_list   = terraform_data.list.output
  u_set    = terraform_data.set.output
  u_map    = terraform_data.map.output
  u_tuple  = terraform_data.tuple.output
  u_object = terraform_data.object.output
  u_id     = terraform_data.string.id
  s        = "abc"
  n        = 7
  b        = true
  l        = tolist(["x", "y", "x"])
  st       = toset(["q", "p"])
  m        = tomap({ k = "v", j = "w" })
  t        = ["one", 2, true, null]
  o        = { name = "o", size = 3, list = [1, 2], inner = { deep = "d" } }
  lo       = tolist([{ a = 1, b = "x" }, { a = 2, b = "y" }])
  secret   = sensitive("hidden")
  partly   = { known = 1, open = terraform_data.string.output, list = ["a", terraform_data.string.output] }
  pm       = tomap({ known = "k", open = terraform_data.string.output })
  pl       = ["a", terraform_data.string.output, "c"]
  empty    = []
  nothing  = null
}
"""
