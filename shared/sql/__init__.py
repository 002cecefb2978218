"""What SQL does every service need to follow a topic and to announce what it kept?"""
