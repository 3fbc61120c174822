"""``park service``: names for the services that you use."""

from __future__ import annotations

import argparse
from pathlib import Path

from park.cli.options import add_json
from park.cli.output import print_json, say
from park.cli.services.service_names import checked_name, proposed_name
from park.client.access.address import checked_url
from park.client.access.config import Configuration, ConfiguredService, configuration_file
from park.errors import UsageError

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park service add compufans https://compufans.example.org/park --token-file ~/.compufans
  park service use compufans
  park service list
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="name a service (the first becomes the default)")
    add.add_argument("name", metavar="NAME", help="how you call it")
    add.add_argument("url", metavar="URL", help="where it is: http(s)://host[:port][/path]")
    add.add_argument("--token-file", type=Path, metavar="FILE", help="a file with your token")
    add.add_argument(
        "--insecure",
        action="store_true",
        help="send your token there by plain HTTP, for whoever is on the way to read",
    )
    add.add_argument(
        "--lend",
        choices=("ship", "bounce"),
        help="what it lends to other services: held by these, or asked of your agent for each use",
    )
    add.add_argument(
        "--own",
        action="store_true",
        help="it is yours: jobs on other services read what it pickled, which runs what it says",
    )
    add.set_defaults(act=_add)
    listing = actions.add_parser("list", help="list the services by name")
    add_json(listing)
    listing.set_defaults(act=_list)
    remove = actions.add_parser("remove", help="forget a service")
    remove.add_argument("name", metavar="NAME", help="which one")
    remove.set_defaults(act=_remove)
    use = actions.add_parser("use", help="make a service the default")
    use.add_argument("name", metavar="NAME", help="which one")
    use.set_defaults(act=_use)


def run(options: argparse.Namespace) -> int:
    """Do the action on the user's configuration."""
    options.act(Configuration(configuration_file()), options)
    return 0


def _add(configuration: Configuration, options: argparse.Namespace) -> None:
    if "://" in options.name:
        raise UsageError(f"{options.name!r} is a URL, not a name", hint="park service add NAME URL")
    checked_name(options.name, hint=f"park service add {proposed_name(options.name)} {options.url}")
    token_file = options.token_file and options.token_file.expanduser().absolute()
    if token_file and not token_file.is_file():
        raise UsageError(
            f"there is no file {token_file}",
            hint="--token-file names a file that holds your token; "
            f"park init {options.url} asks for the token, and keeps it in one",
        )
    configuration.add(
        ConfiguredService(
            name=options.name,
            url=checked_url(options.url),
            token_file=token_file,
            insecure=options.insecure,
            lend=options.lend,
            own=options.own,
        )
    )
    say(f"{options.name} is {checked_url(options.url)} (in {configuration.path})")


def _list(configuration: Configuration, options: argparse.Namespace) -> None:
    default = configuration.default
    services = configuration.services()
    if options.json:
        print_json(
            [
                {"name": each.name, "url": each.url, "default": each.name == default}
                for each in services
            ]
        )
        return
    if not services:
        say("no service has a name; `park init` gives one")
    for each in services:
        say(f"{'*' if each.name == default else ' '} {each.name}  {each.url}")


def _remove(configuration: Configuration, options: argparse.Namespace) -> None:
    configuration.remove(options.name)
    say(f"{options.name} is forgotten")


def _use(configuration: Configuration, options: argparse.Namespace) -> None:
    configuration.use(options.name)
    say(f"{options.name} is the default")
