"""A CodeBuild that runs the projects' own buildspecs as processes of this machine."""
