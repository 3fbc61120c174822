"""Another version than that of here, where a service does not take that one: which, and who says.

versions   what a service has, compared with what is installed here
nearness   the order of what a service has, with the reason of each step
choice     what a user wants to happen: `VersionPolicy`
version_lines  what there is, as lines
asking     he is asked, on a terminal
use        what he said beforehand, for a project
"""
