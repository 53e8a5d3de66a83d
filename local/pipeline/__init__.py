"""A local CodePipeline: the definitions of deployed templates, really executed."""
