"""The screen in a browser on this machine: what stands between textual-serve's web page and one screen per tab."""
