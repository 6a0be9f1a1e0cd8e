# SPDX-License-Identifier: Apache-2.0
"""Checks the files by which an RTOS's SDK takes Firth in; prints "file: message" for each fault, exit code 1 then.

  check_module.py yaml SCHEMA FILE          FILE against a schema
  check_module.py manifest FILE HEADER      its version is the header's
  check_module.py kconfig FILE PREFIX SETTINGS [NAME=VALUE…] -- GLUE…
        Kconfig parses without a warning, and every option has a prompt or a default that is legal; the glue and Kconfig
        name the same CONFIG_PREFIX… options. Writes SETTINGS, a CMake file, with the options' values.
"""
import re
import sys

faults = []


def fault(file, message):
    faults.append(f"{file}: {message}")


def validate(file, value, schema, where):
    """The part of pykwalify's language that the schemas use."""
    kinds = {"map": dict, "seq": list, "str": str, "bool": bool}
    if not isinstance(value, kinds[schema["type"]]):
        fault(file, f"{where or 'all of it'} is no {schema['type']}")
    elif "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        fault(file, f"{where} is {value!r}")
    elif schema["type"] == "seq":
        for index, entry in enumerate(value):
            validate(file, entry, schema["sequence"][0], f"{where}[{index}]")
    elif schema["type"] == "map":
        for key in value.keys() - schema["mapping"].keys():
            fault(file, f"{where}/{key} is not known")
        for key, part in schema["mapping"].items():
            if key in value:
                validate(file, value[key], part, f"{where}/{key}")
            elif part.get("required"):
                fault(file, f"there is no {where}/{key}")


def check_yaml(schema_file, file):
    import yaml

    with open(schema_file, encoding="utf-8") as opened:
        schema = yaml.safe_load(opened)
    try:
        with open(file, encoding="utf-8") as opened:
            value = yaml.safe_load(opened)
    except yaml.YAMLError as error:
        fault(file, " ".join(str(error).split()))
        return
    validate(file, value, schema, "")


def check_manifest(file, header):
    import yaml

    with open(file, encoding="utf-8") as opened:
        manifest = yaml.safe_load(opened)
    with open(header, encoding="utf-8") as opened:
        numbers = re.findall(r"^#define FIRTH_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", opened.read(), re.M)
    if manifest["version"] != ".".join(numbers):
        fault(file, f"version {manifest['version']} is not {'.'.join(numbers)}")


def cmake_value(symbol):
    import kconfiglib

    return {"y": "y", "n": ""}[symbol.str_value] if symbol.type == kconfiglib.BOOL else symbol.str_value


def check_values(kconf, prefix):
    import kconfiglib

    for symbol in kconf.unique_defined_syms:
        if not symbol.name.startswith(prefix):
            continue
        if symbol.type == kconfiglib.INT and not re.fullmatch(r"\d+", symbol.str_value):
            fault("Kconfig", f"{symbol.name} is {symbol.str_value!r} by default")
        for low, high, _ in symbol.ranges:
            if symbol.str_value and not int(low.str_value) <= int(symbol.str_value) <= int(high.str_value):
                fault("Kconfig", f"{symbol.name} is {symbol.str_value} by default, out of its range")


def check_kconfig(file, prefix, settings, assignments, glue):
    import kconfiglib

    try:
        kconf = kconfiglib.Kconfig(file, warn_to_stderr=False, suppress_traceback=False)
    except kconfiglib.KconfigError as error:
        fault(file, str(error))
        return
    for name, value in assignments:
        symbol = kconf.syms.get(name)
        if symbol is None or not symbol.set_value(value) or symbol.str_value != value:
            fault(file, f"{name} does not become {value}")
    for name, symbol in kconf.syms.items():
        if not symbol.nodes and not symbol.is_constant and not re.fullmatch(r"\d+|UNAME_RELEASE|MODULES", name):
            fault(file, f"{name} is used, and is no option")
    check_values(kconf, prefix)
    for warning in kconf.warnings: # of evaluation too
        fault(file, warning)
    used = set()
    for path in glue:
        with open(path, encoding="utf-8") as opened:
            used |= set(re.findall(r"\bCONFIG_(" + prefix + r"\w*)", opened.read()))
    defined = {s.name for s in kconf.unique_defined_syms if s.name.startswith(prefix)}
    for name in sorted(used - defined):
        fault(file, f"CONFIG_{name} is used by the build, and is no option")
    for name in sorted(s for s in defined - used if kconf.syms[s].nodes[0].prompt):
        fault(file, f"{name} is an option, and the build does not use it")
    with open(settings, "w", encoding="utf-8") as opened:
        for symbol in kconf.unique_defined_syms:
            opened.write(f'set(CONFIG_{symbol.name} "{cmake_value(symbol)}")\n')


def main(arguments):
    if arguments[0] == "yaml":
        check_yaml(*arguments[1:])
    elif arguments[0] == "manifest":
        check_manifest(*arguments[1:])
    else:
        end = arguments.index("--")
        assignments = [word.split("=", 1) for word in arguments[4:end]]
        check_kconfig(*arguments[1:4], assignments, arguments[end + 1:])
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main(sys.argv[1:]))
