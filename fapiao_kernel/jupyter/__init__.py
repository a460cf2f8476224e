"""JupyterLab on the guided notebooks (启动界面)."""
